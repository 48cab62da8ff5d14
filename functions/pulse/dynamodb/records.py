"""Records of the domain as items: jobs hand records to stores, and only stores know items.

Each room's store registers how its records are written:

    @item_of.register
    def _(entry: Entry) -> tuple[ItemKey, Item]: ...

So a transaction of one room can carry records of another, and neither needs to know the keys and
attributes of the other.
"""

from functools import singledispatch

from pulse.dynamodb.codec import Item, ItemKey


@singledispatch
def item_of(record: object) -> tuple[ItemKey, Item]:
    """Return the key and attributes under which a record is stored.

    Raises:
        TypeError: no store has registered records of this type.
    """
    raise TypeError(f"no store writes a {type(record).__name__}")
