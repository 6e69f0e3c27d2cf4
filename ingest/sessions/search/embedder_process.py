"""Turns texts into vectors, in a process of its own: the model takes 100 MB of memory. It ends when
its input is closed, or after a minute without a text.

Weights and tokenizer are read from the package `wordllama`, whose code is not used. A vector is the
mean of the vectors of the tokens, with length 1.
"""

import os
import select
import struct
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec

IDLE_SECONDS: Final = 60.0
_HEAD: Final = struct.Struct("!I")
_STDIN: Final = 0
_TOKENIZER: Final = "tokenizers/l2_supercat_tokenizer_config.json"
_WEIGHTS: Final = "weights/l2_supercat_256.safetensors"


class Model:
    def __init__(self) -> None:
        # Imported here: only this process has them.
        from safetensors import safe_open
        from tokenizers import Tokenizer

        spec = find_spec("wordllama")
        folder = Path(((spec and spec.submodule_search_locations) or [""])[0])
        self._tokenizer: Any = Tokenizer.from_file(str(folder / _TOKENIZER))
        with safe_open(str(folder / _WEIGHTS), "numpy") as file:
            self._weights: Any = file.get_tensor("embedding.weight")

    def vectors(self, texts: list[str]) -> bytes:
        """The vectors of the texts, as 32-bit numbers one after the other."""
        import numpy

        encoded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        made = numpy.zeros((len(texts), self._weights.shape[1]), numpy.float32)
        for place, tokens in enumerate(encoded):
            if tokens.ids:
                mean = self._weights[tokens.ids].astype(numpy.float32).mean(0)
                made[place] = mean / (numpy.linalg.norm(mean) or 1.0)
        data: bytes = made.tobytes()
        return data


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(_STDIN, size - len(data))
        if not part:
            break
        data += part
    return data


def main() -> None:
    # A library that asks for more must not reach the network.
    os.environ["HF_HUB_OFFLINE"] = "1"
    model = Model()
    while select.select([_STDIN], [], [], IDLE_SECONDS)[0]:
        head = _read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        texts = msgspec.msgpack.decode(_read(_HEAD.unpack(head)[0]), type=list[str])
        answer = model.vectors(texts)
        sys.stdout.buffer.write(_HEAD.pack(len(answer)) + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
