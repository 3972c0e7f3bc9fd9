"""This machine's matmul rate: FLOP per CPU second of float32 products of the shapes of an FFN."""

import time

import torch

SHAPES = ((2048, 512, 2048), (2048, 2048, 512))  # positions × inputs × outputs of an FFN of a base model
SECONDS = 0.5  # of each shape


def rate(positions: int, inputs: int, outputs: int) -> tuple[float, float]:
    """Return the FLOP that were done, and their CPU seconds."""
    given, weight, bias = torch.randn(positions, inputs), torch.randn(outputs, inputs), torch.randn(outputs)
    with torch.inference_mode():
        for _ in range(3):
            torch.nn.functional.linear(given, weight, bias)
        begin, number = time.process_time(), 0
        while time.process_time() - begin < SECONDS:
            torch.nn.functional.linear(given, weight, bias)
            number += 1
    return 2.0 * positions * inputs * outputs * number, time.process_time() - begin


if __name__ == "__main__":
    torch.set_num_threads(1)
    done, took = (sum(column) for column in zip(*(rate(*shape) for shape in SHAPES), strict=True))
    print(done / took)
