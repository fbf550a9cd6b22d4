"""The catalogue of matters can be read, and names only forms that the catalogue of forms holds."""

import pytest

from caseapp.filings.catalogue import forms
from caseapp.matters.kinds import UnknownKind, kind, kinds


def test_every_kind_is_there_once_with_stages_to_go_through() -> None:
    listed = kinds()

    assert len(listed) == len({each.id for each in listed}) == 43
    assert all(each.title and each.forum and len(each.stages) >= 3 for each in listed)


def test_a_defensive_asylum_matter_goes_from_intake_to_appeal() -> None:
    defensive = kind("asylum-defensive")

    assert defensive.forum == "EOIR"
    assert defensive.stages[0].lower() == "intake"
    assert defensive.stages[-1].lower() == "appeal"
    assert "I-589" in defensive.forms


def test_every_form_a_kind_needs_is_in_the_catalogue_of_forms() -> None:
    known = {form.number for form in forms()}

    assert {number for each in kinds() for number in each.forms} <= known


def test_a_kind_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownKind):
        kind("time-travel")
