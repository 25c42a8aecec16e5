#!/usr/bin/env python3
"""quantised.py: writes test/fixtures/quantised-together/, a one-layer GPT-2 after onnxruntime's dynamic quantisation, and what onnxruntime makes of it.

Such a graph rounds activations by the range of their whole tensor, so that golden values are of one sequence at a time: `logits` of a pass
without a past, and `ids` written greedily with the cache.
"""
import json
import logging
import pathlib
import shutil
import tempfile

import exporters
import numpy as np
import onnxruntime
import torch
from architectures import ARCHITECTURES, VOCAB, build
from onnxruntime.quantization import QuantType, quantize_dynamic

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "quantised-together"
SEQUENCES = [[5, 6, 7, 8], [9, 60, 11, 40, 13, 14, 15], [17, 18]]
NEW_TOKENS = 6
HEADS, SIZE = 4, 4


def run(session, ids, past, keys):
    count = past[0].shape[2]
    feeds = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, count + len(ids)), dtype=np.int64),
             "position_ids": np.arange(count, count + len(ids))[None], **dict(zip(keys, past))}
    logits, *present = session.run(None, feeds)
    return logits[0], present


def main():
    ARCHITECTURES["gpt2"]["n_layer"] = 1
    model = build("gpt2", 5)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as work:
        model.save_pretrained(f"{work}/hf")
        exporters.torchscript(model, f"{work}/hf", f"{work}/onnx")
        quantize_dynamic(f"{work}/onnx/onnx/model.onnx", OUT / "model.onnx", weight_type=QuantType.QInt8)
        shutil.copy(f"{work}/hf/config.json", OUT)
    session = onnxruntime.InferenceSession(str(OUT / "model.onnx"), providers=["CPUExecutionProvider"])
    keys = [value.name for value in session.get_inputs() if value.name.startswith("past")]
    empty = [np.zeros((1, HEADS, 0, SIZE), dtype=np.float32) for _ in keys]
    golden = {"about": f"onnxruntime {onnxruntime.__version__}, one sequence at a time", "vocabSize": VOCAB, "newTokens": NEW_TOKENS, "sequences": []}
    for prompt in SEQUENCES:
        logits, past = run(session, prompt, empty, keys)
        ids = [int(logits[-1].argmax())]
        while len(ids) < NEW_TOKENS:
            step, past = run(session, ids[-1:], past, keys)
            ids.append(int(step[-1].argmax()))
        golden["sequences"].append({"prompt": prompt, "logits": [[round(float(x), 5) for x in row] for row in logits], "ids": ids})
    (OUT / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    main()
