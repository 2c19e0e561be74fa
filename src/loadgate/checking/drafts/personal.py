"""A column's name and what was counted of it in; out, why it may be about a person, or nothing.

It errs on the careful side: what is taken for personal is only left out of a draft, and said so.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from loadgate.checking.drafts.shapes import digits
from loadgate.checking.drafts.surveying import Facts
from loadgate.model.expected import Column, ColumnType

_WORDS = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-zæøå])(?=[A-ZÆØÅ])")
_BEGINNINGS = (  # of the words in a column's name, in the languages of the reports
    *("name", "firstname", "lastname", "surname", "cpr", "ssn", "passport", "mail", "email", "phone", "mobile"),
    *("address", "street", "birth", "born", "dob", "patient", "client", "citizen", "employee", "username", "iban"),
    *("personid", "personnr", "personnummer", "personnumber", "remark", "comment", "note"),
    *("navn", "fornavn", "efternavn", "telefon", "tlf", "adresse", "gade", "fødsel", "foedsel", "borger", "klient"),
    *("caseworker", "sagsbehandler", "kontaktperson", "medarbejder", "pårørende", "bemærk", "kommentar", "fritekst"),
)
_WHOLE = frozenset(("person", "persons", "vej", "mob", "user", "født", "foedt", "text", "tekst"))
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_NAME = re.compile(r"[^\W\d_a-zæøå][^\W\d_]*\.?(,? [^\W\d_a-zæøå][\w'’.-]*)+")  # Words, Each With a Capital
_ONE_NAME = re.compile(r"[^\W\d_a-zæøå][^\W\d_]+")
_MANY_WORDS = 10  # a list of so many words, each alone and with a capital, is more often of names than of codes
_A_WORD = "aaa"  # in a mask
_DIGITS_OF_A_PERSON = 6
_DIGITS_OF_A_NUMBER = 8
_DIGITS_OF_A_REPEATED_NUMBER = 9  # a person stands in many rows; shorter ones are codes or days
_YEARS_OF_A_LIFE = 60


def why_personal(name: str, column: Column, facts: Facts) -> str | None:
    """One sentence, without any value."""
    if column.personal:
        return "personal, as the suite says"
    if _named_so(name):
        return "its name looks personal"
    match column.type:
        case ColumnType.TEXT:
            return _text(facts)
        case ColumnType.INTEGER:
            long = facts.values is None and min(abs(facts.low), abs(facts.high)) >= 10 ** (_DIGITS_OF_A_NUMBER - 1)
            if long:
                return "long numbers, nearly each another, may stand for persons"
            return _repeated(facts)
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return "dates over a whole life may be dates of birth" if _spans_a_life(facts) else None
        case _:
            return None


def _named_so(name: str) -> bool:
    words = [word.casefold() for word in _WORDS.findall(_HUMP.sub(" ", name))]
    return any(word in _WHOLE or word.startswith(_BEGINNINGS) for word in words)


def is_free(facts: Facts) -> bool:
    """Whether a text is open: many different ones, or half of them met once."""
    return facts.values is None or len(facts.values) * 2 > facts.present


def _text(facts: Facts) -> str | None:
    if not facts.present or not is_free(facts):
        return _repeated(facts)
    if facts.measured:
        return None
    if facts.masks is None:
        return "free text, with many different values, may name persons"
    longest = max(facts.masks, key=digits)
    if digits(longest) >= _DIGITS_OF_A_PERSON:
        return "numbers in text, nearly each another, may stand for persons"
    letters = any(sign.isalpha() for sign in longest) and digits(longest) == 0
    words = letters or any(_A_WORD in mask for mask in facts.masks)
    return "words, nearly each another, may name persons" if words else None


def _repeated(facts: Facts) -> str | None:
    """Few values, but such as stand for a person are among them: a list of them would name the persons."""
    values = [str(value) for value in facts.values or ()]
    if max((sum(map(str.isdigit, value)) for value in values), default=0) >= _DIGITS_OF_A_REPEATED_NUMBER:
        return "long numbers, though few, may stand for persons"
    if any(_MAIL.search(value) for value in values):
        return "addresses of mail, though few, may be persons' own"
    names = sum(_NAME.fullmatch(value.strip()) is not None for value in values)
    words = [value for value in values if _ONE_NAME.fullmatch(value.strip())]
    single = len(words) >= _MANY_WORDS and len(words) * 10 >= len(values) * 9 and len(set(map(len, words))) > 1
    named = single or (names and names * 2 >= len(values))
    return "words with capitals, though few, may be persons' names" if named else None


def _spans_a_life(facts: Facts) -> bool:
    low, high = facts.low, facts.high
    if facts.values is not None or not isinstance(low, date | datetime):
        return False
    return bool(high.year - low.year >= _YEARS_OF_A_LIFE)
