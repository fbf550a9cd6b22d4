"""The catalogue of forms can be read, each form once."""

import pytest

from caseapp.filings.catalogue import UnknownForm, form, forms


def test_every_form_is_there_once() -> None:
    listed = forms()

    assert len(listed) == len({each.number for each in listed}) == 77
    assert all(each.title and each.agency and each.purpose for each in listed)


def test_a_form_tells_where_it_goes_and_whether_a_receipt_comes_back() -> None:
    appeal = form("EOIR-26")
    asylum = form("I-589")

    assert appeal.agency == "EOIR"
    assert asylum.receipt is True


def test_a_form_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownForm):
        form("I-000")
