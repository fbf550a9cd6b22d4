"""What a row holds in place of a sealed column's value: a box, a mark, or what was opened for now."""

from typing import Any, Final

SHOWN: Final = "‹sealed›"


class Sealed(bytes):
    """A value at rest, as it came from the database. Printing, logging or rendering it shows nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return SHOWN


class ToStore(Sealed):
    """A box on its way from a row being saved to the database, which takes nothing else."""

    __slots__ = ()


class Mark:
    """A named stand-in for a value. It is the same one after copying and pickling."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return SHOWN

    def __reduce__(self) -> str:
        return self._name


MISSING: Final = Mark("MISSING")
UNSAVED: Final = Mark("UNSAVED")


class Opened(dict[str, Any]):
    """The values of one row that were opened or set, by column. No pickle and no repr holds them."""

    def __repr__(self) -> str:
        return SHOWN

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> tuple[type["Opened"], tuple[()]]:
        return Opened, ()


# Stands where Opened would, in a row fetched only so that another row can take over its boxes unopened.
SHUT: Final = Opened()

# Where these are kept among a row's attributes.
OPENED: Final = "_opened"
BOUND: Final = "_bound_to"
REFRESHING: Final = "_refreshing"


class ValueDropped(RuntimeError):
    """A row that had been pickled was asked for a value that was never saved."""
