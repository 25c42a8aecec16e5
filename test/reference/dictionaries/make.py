"""Writes small dictionaries with the libraries that own the formats, and what those compute on the same inputs.

    python test/reference/dictionaries/make.py

Needs torch, numpy, safetensors, sae-lens 6.54.0, eai-sparsify and dictionary-learning (see requirements.txt).
Each folder of test/fixtures/dictionaries/ gets the library's own files, and expected.safetensors with x [rows, d], acts [rows, features]
and recon [rows, d] in float32.
"""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

OUT = Path(__file__).resolve().parents[2] / "fixtures" / "dictionaries"
D, FEATURES, ROWS = 16, 40, 6
torch.manual_seed(20)


def inputs():
    x = torch.randn(ROWS, D) * 2 + 0.3
    x[0] *= 20  # the first position of a prompt is far larger than the others
    return x


def fresh(name):
    folder = OUT / name
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def expect(folder, x, acts, recon):
    save_file(
        {"x": x.float().contiguous(), "acts": acts.float().contiguous(), "recon": recon.float().contiguous()},
        folder / "expected.safetensors",
    )


def randomise(sae):
    with torch.no_grad():
        for name, parameter in sae.named_parameters():
            scale = 0.4 if parameter.ndim == 2 else 0.3
            parameter.copy_(torch.randn_like(parameter) * scale)
            if name == "threshold":
                parameter.abs_().add_(0.2)


# ---- SAELens ----

from sae_lens.saes.gated_sae import GatedSAE, GatedSAEConfig
from sae_lens.saes.jumprelu_sae import JumpReLUSAE, JumpReLUSAEConfig
from sae_lens.saes.matryoshka_batchtopk_sae import MatryoshkaBatchTopKTrainingSAE, MatryoshkaBatchTopKTrainingSAEConfig
from sae_lens.saes.batchtopk_sae import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig
from sae_lens.saes.sae import SAEMetadata
from sae_lens.saes.standard_sae import StandardSAE, StandardSAEConfig
from sae_lens.saes.topk_sae import TopKSAE, TopKSAEConfig
from sae_lens.saes.transcoder import (
    JumpReLUSkipTranscoder,
    JumpReLUSkipTranscoderConfig,
)
from sae_lens.loading import pretrained_sae_loaders as loaders


def metadata(hook="blocks.1.hook_resid_post", **more):
    return SAEMetadata(model_name="tiny", hook_name=hook, **more)


def saelens(name, sae, dtype=torch.float32, loaded=None):
    """Saves an SAE and expects what the same class computes, in float32, from the saved weights."""
    folder = fresh(name)
    sae.to(dtype=dtype).save_model(folder)
    reader = (loaded or type(sae)).load_from_disk(folder, dtype="float32")
    x = inputs()
    with torch.no_grad():
        acts = reader.encode(x)
        acts = acts.to_dense() if acts.is_sparse else acts
        # decode undoes the normalisation of the last encode
        recon = reader(x)
    expect(folder, x, acts, recon)


def saelens_all():
    base = {"d_in": D, "d_sae": FEATURES}
    plain = {
        "saelens-standard": (StandardSAE, StandardSAEConfig, {"apply_b_dec_to_input": True}, torch.float32),
        "saelens-gated": (GatedSAE, GatedSAEConfig, {}, torch.float32),
        "saelens-jumprelu-fp16": (JumpReLUSAE, JumpReLUSAEConfig, {"apply_b_dec_to_input": False}, torch.float16),
        "saelens-jumprelu-bf16": (JumpReLUSAE, JumpReLUSAEConfig, {}, torch.bfloat16),
        "saelens-topk": (TopKSAE, TopKSAEConfig, {"k": 5}, torch.float32),
        "saelens-topk-rescaled": (TopKSAE, TopKSAEConfig, {"k": 5, "rescale_acts_by_decoder_norm": True}, torch.float32),
        "saelens-layer-norm": (StandardSAE, StandardSAEConfig, {"normalize_activations": "layer_norm"}, torch.float32),
        "saelens-topk-layer-norm": (TopKSAE, TopKSAEConfig, {"k": 4, "normalize_activations": "layer_norm"}, torch.float32),
        "saelens-constant-norm": (JumpReLUSAE, JumpReLUSAEConfig, {"normalize_activations": "constant_norm_rescale"}, torch.float32),
    }
    for name, (cls, config, options, dtype) in plain.items():
        sae = cls(config(**base, metadata=metadata(), **options))
        randomise(sae)
        saelens(name, sae, dtype)
    # Saved as training saves it for use: both become jumprelu.
    for name, cls, config, more in [
        ("saelens-batchtopk-saved", BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, {}),
        ("saelens-matryoshka-saved", MatryoshkaBatchTopKTrainingSAE, MatryoshkaBatchTopKTrainingSAEConfig, {"matryoshka_widths": [10, FEATURES]}),
    ]:
        sae = cls(config(**base, k=4, metadata=metadata(), **more))
        randomise(sae)
        sae.topk_threshold.fill_(0.9)
        folder = fresh(name)
        sae.save_inference_model(folder)
        reader = JumpReLUSAE.load_from_disk(folder)
        x = inputs()
        with torch.no_grad():
            expect(folder, x, reader.encode(x), reader(x))
    # The training checkpoint of the same kind, whose use is what its inference model computes.
    sae = BatchTopKTrainingSAE(BatchTopKTrainingSAEConfig(**base, k=4, metadata=metadata()))
    randomise(sae)
    sae.topk_threshold.fill_(0.7)
    folder = fresh("saelens-batchtopk-checkpoint")
    sae.save_model(folder)
    aside = OUT / "aside"
    sae.save_inference_model(aside)
    reader = JumpReLUSAE.load_from_disk(aside)
    x = inputs()
    with torch.no_grad():
        expect(folder, x, reader.encode(x), reader(x))
    shutil.rmtree(aside)
    # Trained on scaled activations: the scaler's file beside it, as a checkpoint has it.
    sae = StandardSAE(StandardSAEConfig(**base, normalize_activations="expected_average_only_in", metadata=metadata()))
    randomise(sae)
    folder = fresh("saelens-scaled")
    sae.save_model(folder)
    (folder / "activation_scaler.json").write_text(json.dumps({"scaling_factor": 0.4}))
    sae.fold_activation_norm_scaling_factor(0.4)
    # Folding moves b_dec with W_dec, and the input's bias with it.
    x = inputs()
    with torch.no_grad():
        expect(folder, x, sae.encode(x), sae(x))
    transcoder = JumpReLUSkipTranscoder(
        JumpReLUSkipTranscoderConfig(
            **base,
            d_out=D,
            apply_b_dec_to_input=False,
            metadata=metadata("blocks.1.hook_resid_mid", hook_name_out="blocks.1.hook_resid_post"),
        )
    )
    randomise(transcoder)
    saelens("saelens-transcoder", transcoder)


# ---- Gemma Scope: written by numpy, computed as its tutorial does ----


def jumprelu(params, x):
    pre = x @ params["W_enc"] + params["b_enc"]
    acts = torch.relu(pre) * (pre > params["threshold"])
    return acts, acts @ params["W_dec"] + params["b_dec"]


def parameters():
    return {
        "W_enc": torch.randn(D, FEATURES) * 0.4,
        "W_dec": torch.randn(FEATURES, D) * 0.4,
        "b_enc": torch.randn(FEATURES) * 0.3,
        "b_dec": torch.randn(D) * 0.3,
        "threshold": torch.rand(FEATURES) + 0.2,
    }


def gemma_scope():
    for name, save in [("gemma-scope", np.savez), ("gemma-scope-packed", np.savez_compressed)]:
        folder = fresh(name)
        params = parameters()
        inner = folder / "layer_1" / "width_40" / "average_l0_12"
        inner.mkdir(parents=True)
        save(inner / "params.npz", **{key: value.numpy() for key, value in params.items()})
        x = inputs()
        expect(folder, x, *jumprelu(params, x))
    folder = fresh("gemma-scope-2")
    params = parameters()
    inner = folder / "resid_post" / "layer_1_width_40_l0_small"
    inner.mkdir(parents=True)
    save_file({("w" + key[1:] if key.startswith("W") else key): value for key, value in params.items()}, inner / "params.safetensors")
    (inner / "config.json").write_text(
        json.dumps({
            "hf_hook_point_in": "model.layers.1.output",
            "hf_hook_point_out": "model.layers.1.output",
            "width": FEATURES,
            "model_name": "google/gemma-3-270m",
            "architecture": "jump_relu",
            "l0": 12,
            "affine_connection": False,
            "type": "sae",
        })
    )
    x = inputs()
    expect(folder, x, *jumprelu(params, x))


# ---- Llama Scope: files as published, read by SAELens ----


def llama_scope():
    folder = fresh("llama-scope")
    (folder / "checkpoints").mkdir()
    norm = 9.0
    (folder / "hyperparams.json").write_text(
        json.dumps({
            "hook_point_in": "blocks.1.hook_resid_post",
            "hook_point_out": "blocks.1.hook_resid_post",
            "use_decoder_bias": True,
            "apply_decoder_bias_to_pre_encoder": False,
            "expansion_factor": 2.5,
            "d_model": D,
            "d_sae": FEATURES,
            "norm_activation": "dataset-wise",
            "dataset_average_activation_norm": {"in": norm, "out": norm},
            "act_fn": "jumprelu",
            "jump_relu_threshold": 0.9,
            "top_k": 5,
        })
    )
    save_file(
        {
            "encoder.weight": torch.randn(FEATURES, D) * 0.5,
            "encoder.bias": torch.randn(FEATURES) * 0.2,
            "decoder.weight": torch.randn(D, FEATURES) * 0.4,
            "decoder.bias": torch.randn(D) * 0.3,
        },
        folder / "checkpoints" / "final.safetensors",
    )

    def local(repo_id, filename, subfolder=None, **_):
        return str(folder / Path(filename if subfolder is None else f"{subfolder}/{filename}").relative_to("L1R"))

    loaders.hf_hub_download = local
    config, state, _ = loaders.llama_scope_sae_huggingface_loader("fnlp/x", "L1R", "cpu", False, {"dtype": "float32"})
    config = loaders.handle_config_defaulting(config)
    sae = JumpReLUSAE(JumpReLUSAEConfig.from_dict(config))
    sae.load_state_dict({name: value.contiguous() for name, value in state.items()})
    sae.fold_activation_norm_scaling_factor(math.sqrt(D) / norm)
    x = inputs()
    with torch.no_grad():
        expect(folder, x, sae.encode(x), sae(x))


# ---- sparsify ----


def sparsify():
    from sparsify.config import SparseCoderConfig
    from sparsify.sparse_coder import SparseCoder

    folder = fresh("sparsify")
    coder = SparseCoder(D, SparseCoderConfig(num_latents=FEATURES, k=5, normalize_decoder=True), device="cpu")
    with torch.no_grad():
        for parameter in coder.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4)
        coder.set_decoder_norm_to_unit_norm()
    coder.save_to_disk(folder / "layers.1")
    x = inputs()
    with torch.no_grad():
        top, indices, _ = coder.encode(x)
        acts = torch.zeros(ROWS, FEATURES).scatter_(-1, indices, top)
        expect(folder, x, acts, coder.decode(top, indices))


# ---- dictionary_learning ----


def dictionary_learning():
    from dictionary_learning.dictionary import AutoEncoder, GatedAutoEncoder, JumpReluAutoEncoder
    from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
    from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE
    from dictionary_learning.trainers.top_k import AutoEncoderTopK

    kinds = {
        "AutoEncoder": lambda: AutoEncoder(D, FEATURES),
        "GatedAutoEncoder": lambda: GatedAutoEncoder(D, FEATURES),
        "JumpReluAutoEncoder": lambda: JumpReluAutoEncoder(D, FEATURES),
        "AutoEncoderTopK": lambda: AutoEncoderTopK(D, FEATURES, 5),
        "BatchTopKSAE": lambda: BatchTopKSAE(D, FEATURES, 5),
        "MatryoshkaBatchTopKSAE": lambda: MatryoshkaBatchTopKSAE(D, FEATURES, 5, [10, 30]),
    }
    for kind, make in kinds.items():
        folder = fresh(f"dictionary-learning-{kind}") / "trainer_0"
        folder.mkdir()
        coder = make()
        with torch.no_grad():
            for name, parameter in coder.named_parameters():
                parameter.copy_(torch.randn_like(parameter) * 0.4)
                if name == "threshold":
                    parameter.abs_()
            if hasattr(coder, "threshold") and not isinstance(coder.threshold, torch.nn.Parameter):
                coder.threshold.fill_(0.6)
        torch.save(coder.state_dict(), folder / "ae.pt")
        trainer = {"dict_class": kind, "activation_dim": D, "dict_size": FEATURES, "layer": 1, "lm_name": "tiny", "k": 5}
        (folder / "config.json").write_text(json.dumps({"trainer": {**trainer, "submodule_name": "resid_post_layer_1"}, "buffer": {"ctx_len": 128}}))
        # AutoEncoder normalises its decoder as it is read.
        reader = AutoEncoder.from_pretrained(folder / "ae.pt") if kind == "AutoEncoder" else coder
        x = inputs()
        with torch.no_grad():
            acts = reader.encode(x)
            expect(folder.parent, x, acts, reader.decode(acts))


OUT.mkdir(parents=True, exist_ok=True)
saelens_all()
gemma_scope()
llama_scope()
sparsify()
dictionary_learning()
for folder in sorted(OUT.iterdir()):
    expected = load_file(folder / "expected.safetensors")
    print(folder.name, "L0", (expected["acts"] > 0).sum(-1).float().mean().item())
