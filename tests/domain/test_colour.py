# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.colour import (
    DARK_INK,
    LIGHT_INK,
    contrast,
    hex_colour,
    ink_on,
    readable_on,
)

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(3.998, abs=0.005)


def test_dark_colours_carry_light_ink_and_light_ones_dark() -> None:
    assert ink_on("#2f5d50") == LIGHT_INK
    assert ink_on("#8fc7b4") == DARK_INK
    assert ink_on("#ffdd00") == DARK_INK


def test_a_readable_colour_stays_as_it_is() -> None:
    assert readable_on("#ffffff", "#2f5d50") == "#2f5d50"


def test_short_colours_are_spelt_out() -> None:
    assert hex_colour("#FA0") == "#ffaa00"


@pytest.mark.parametrize("text", ["", "red", "#12", "#12345g", "#1234567", "#123456;x", "#123456\n"])
def test_what_is_not_a_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a colour"):
        hex_colour(text)


@settings(max_examples=100)
@given(colours, st.sampled_from(["#ffffff", "#fbfaf6", "#1c2220", "#141816"]))
def test_any_colour_becomes_readable_on_our_papers(colour: str, paper: str) -> None:
    assert contrast(readable_on(paper, colour), paper) >= 4.5


@settings(max_examples=100)
@given(colours)
def test_ink_always_reads_on_any_accent(colour: str) -> None:
    assert contrast(ink_on(colour), colour) >= 4.5
