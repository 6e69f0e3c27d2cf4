"""Messages of the socket are decoded as they were encoded, and nothing else is accepted."""

import pickle
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from ingest.server import protocol

VALUES = {
    "text": "naïve ☃",
    "number": 1 << 62,
    "large": -(1 << 90),
    "nothing": None,
    "truth": True,
    "bytes": b"\x00\xff",
    "moment": datetime(2026, 11, 21, 11, 30, 0, 123456),
    "day": date(2026, 11, 21),
    "hour": time(11, 30),
    "span": timedelta(days=-1, seconds=2, microseconds=3),
    "price": Decimal("12.50"),
    "id": UUID(int=7),
    "list": [1, [date(2026, 1, 1)], {"deep": Decimal(1)}],
    "map": {1: "one", date(2026, 1, 1): "new year"},
}


def test_values_of_every_type_survive_a_request() -> None:
    sent = protocol.NamedQueriesRequest([("anything", VALUES)])
    assert protocol.read_request(protocol.request(sent)) == sent


def test_rows_survive_encoding() -> None:
    names = list(VALUES)
    rows = [tuple(VALUES.values()), tuple(reversed(VALUES.values()))]
    reply = protocol.read_reply(
        protocol.reply(protocol.PackedTables([protocol.packed(names, [rows])]))
    )
    assert isinstance(reply, protocol.Tables)
    assert [tuple(row) for row in reply.tables[0].rows] == rows


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 65_535, 65_536])
@pytest.mark.parametrize("size", [1, 15, 16, 1000])
def test_chunks_of_any_size_are_combined_to_one_table(count: int, size: int) -> None:
    rows = [(number,) for number in range(count)]
    chunks = (rows[at : at + size] for at in range(0, count, size))
    reply = protocol.read_reply(
        protocol.reply(protocol.PackedTables([protocol.packed(["n"], chunks)]))
    )
    assert isinstance(reply, protocol.Tables)
    assert reply.tables[0].rows == [[number] for number in range(count)]


def test_a_number_that_is_too_large_affects_no_other_chunk() -> None:
    chunks = [[(1,)], [(1 << 80,), (2,)], [(3,)]]
    reply = protocol.read_reply(
        protocol.reply(protocol.PackedTables([protocol.packed(["n"], chunks)]))
    )
    assert isinstance(reply, protocol.Tables)
    assert reply.tables[0].rows == [[1], [1 << 80], [2], [3]]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        pickle.dumps({"type": "host"}),
        msgspec.msgpack.encode({"type": "drop"}),
        msgspec.msgpack.encode({"type": "queries", "queries": "all"}),
        msgspec.msgpack.encode(
            {"type": "action", "name": "x", "values": {"when": msgspec.msgpack.Ext(1, b"soon")}}
        ),
        msgspec.msgpack.encode(
            {"type": "action", "name": "x", "values": {"what": msgspec.msgpack.Ext(99, b"")}}
        ),
        msgspec.msgpack.encode(
            {"type": "action", "name": "x", "values": {"map": msgspec.msgpack.Ext(8, b"\x93")}}
        ),
    ],
)
def test_an_invalid_message_is_refused(data: bytes) -> None:
    with pytest.raises(protocol.InvalidMessage):
        protocol.read_request(data)


def test_a_too_deeply_nested_message_is_refused() -> None:
    with pytest.raises(protocol.InvalidMessage):
        protocol.read_request(b"\x91" * 100_000)


def test_a_value_that_cannot_be_encoded_is_named() -> None:
    with pytest.raises(TypeError, match="object cannot be sent"):
        protocol.request(protocol.NamedQueriesRequest([("x", {"it": object()})]))
