"""The engine's version: part of every step's key, so that a new engine does its steps again."""

VERSION = "0.2.0"
