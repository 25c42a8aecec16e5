"""Runs an export in onnxruntime as it is: what it says of a prompt, and whether that is what PyTorch says."""
import glob

import numpy as np
import onnxruntime

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def model_file(folder):
    found = [path for pattern in ("onnx/*.onnx", "*.onnx") for path in glob.glob(f"{folder}/{pattern}")]
    if len(found) != 1:
        raise ValueError(f"{folder}: {len(found)} .onnx files, expected one")
    return found[0]


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feeds(opened, ids, cache_shape, skip=()):
    """The inputs for a prompt without a past, but those in `skip`; `cache_shape` is (layers, heads, size)."""
    _, heads, size = cache_shape
    given = {}
    for wanted in opened.get_inputs():
        if wanted.name in skip:
            continue
        kind = TYPES[wanted.type]
        if wanted.name == "input_ids":
            given[wanted.name] = np.array([ids], kind)
        elif wanted.name == "attention_mask":
            given[wanted.name] = np.ones((1, len(ids)), kind)
        elif wanted.name == "position_ids":
            given[wanted.name] = np.arange(len(ids), dtype=kind)[None]
        elif wanted.name.startswith("past_key_values."):
            given[wanted.name] = np.zeros((1, heads, 0, size), kind)
        else:
            raise ValueError(f"input {wanted.name} is not known")
    return given


def logits(opened, ids, cache_shape):
    return opened.run(["logits"], feeds(opened, ids, cache_shape))[0][0].astype(np.float32)


def largest_difference(folder, sequences, expected, cache_shape):
    """Largest difference of a logit from `expected` [sequence, position, vocab], as a fraction of the largest logit."""
    opened = session(model_file(folder))
    worst = 0.0
    for ids, wanted in zip(sequences, expected):
        wanted = wanted[: len(ids)]
        worst = max(worst, float(np.abs(logits(opened, ids, cache_shape) - wanted).max() / np.abs(wanted).max()))
    return worst
