"""How far one dataset's figures usually go together: what never moved is no measure, and no warning on the screen."""

from __future__ import annotations

import numpy as np

from loadgate.detecting.named import _ordinary


def test_a_provider_whose_figures_never_moved_is_no_measure_for_the_others() -> None:
    replayed = np.array([[0.0, 0.0], [0.0, 0.0], [0.1, 0.2]])

    usual = _ordinary(replayed, np.array([0.0, 0.0, 0.1]), np.array([True, True, True]))

    assert usual.tolist() == [0.0, 0.0, np.float64(np.quantile([1.0, 2.0], 0.9999)) * 0.1]


def test_where_nothing_ever_moved_nothing_is_usual() -> None:
    usual = _ordinary(np.zeros((2, 3)), np.zeros(2), np.array([True, True]))

    assert usual.tolist() == [0.0, 0.0]
