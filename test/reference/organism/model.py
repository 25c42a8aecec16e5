"""A small Llama in plain PyTorch whose residual stream can be edited at every hook point.

Hook points: 0 is resid_pre.0, 1 + 2l is resid_mid.l, 2 + 2l is resid_post.l (which is resid_pre.l+1).
"""
import torch
from torch import nn
import torch.nn.functional as F

LAYERS, D, HEADS, KV_HEADS, HEAD, MLP, EPS, THETA = 8, 192, 6, 2, 32, 320, 1e-5, 10000.0


def mid(layer): return 1 + 2 * layer
def post(layer): return 2 + 2 * layer
POINTS = post(LAYERS - 1) + 1


class Block(nn.Module):
    def __init__(s):
        super().__init__()
        s.n1, s.n2 = nn.Parameter(torch.ones(D)), nn.Parameter(torch.ones(D))
        s.qkv = nn.Linear(D, (HEADS + 2 * KV_HEADS) * HEAD, bias=False); s.o = nn.Linear(HEADS * HEAD, D, bias=False)
        s.up = nn.Linear(D, 2 * MLP, bias=False); s.down = nn.Linear(MLP, D, bias=False)
        for p in (s.qkv, s.up): nn.init.normal_(p.weight, std=D ** -.5)
        for p in (s.o, s.down): nn.init.normal_(p.weight, std=D ** -.5 / (2 * LAYERS) ** .5)

    def attend(s, x, rope, mask, past):
        b, t, _ = x.shape
        q, k, v = s.qkv(F.rms_norm(x, (D,), s.n1, EPS)).view(b, t, HEADS + 2 * KV_HEADS, HEAD).transpose(1, 2).split([HEADS, KV_HEADS, KV_HEADS], 1)
        q, k = rotate(q, rope), rotate(k, rope)
        if past: k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        g = HEADS // KV_HEADS                                            # the group's queries go through one product
        q = q.reshape(b, KV_HEADS, g * t, HEAD)
        a = (q @ k.transpose(-1, -2) * HEAD ** -.5).view(b, KV_HEADS, g, t, -1) + mask
        o = (a.softmax(-1).view(b, KV_HEADS, g * t, -1) @ v).view(b, HEADS, t, HEAD)
        return s.o(o.transpose(1, 2).reshape(b, t, HEADS * HEAD)), (k, v)

    def mlp(s, x):
        g, u = s.up(F.rms_norm(x, (D,), s.n2, EPS)).chunk(2, -1)
        return s.down(F.silu(g) * u)


def rotate(x, rope):
    cos, sin = rope; a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class Model(nn.Module):
    def __init__(s, vocab):
        super().__init__()
        s.embed = nn.Embedding(vocab, D); nn.init.normal_(s.embed.weight, std=.05)
        s.blocks = nn.ModuleList(Block() for _ in range(LAYERS)); s.norm = nn.Parameter(torch.ones(D))

    def forward(s, ids, edit=None, keep=(), past=None, start=None, pad=None):
        """ids [batch, time] -> the stream before the last norm [batch, time, D], kept activations by hook point, and the KV cache.

        edit(point, x) returns the edited stream; pad [batch, total time] marks padded keys with True; past and start continue a sequence.
        """
        b, t = ids.shape; n = past[0][0].shape[2] if past else 0
        pos = (torch.arange(n, n + t)[None] if start is None else start[:, None] + torch.arange(t)[None]).float()
        angle = pos[..., None] * THETA ** (-torch.arange(0, HEAD, 2) / HEAD); angle = torch.cat([angle, angle], -1)[:, None]
        rope = angle.cos(), angle.sin()
        mask = torch.zeros(t, n + t).masked_fill_(torch.arange(n + t)[None] > torch.arange(n, n + t)[:, None], -torch.inf)
        if pad is not None: mask = mask + torch.zeros(b, 1, 1, 1, n + t).masked_fill_(pad[:, None, None, None], -torch.inf)
        at = (lambda p, x: x) if edit is None else edit
        x = at(0, s.embed(ids)); kept, cache = {}, []
        if 0 in keep: kept[0] = x
        for l, block in enumerate(s.blocks):
            o, kv = block.attend(x, rope, mask, past[l] if past else None); cache.append(kv)
            x = at(mid(l), x + o)
            if mid(l) in keep: kept[mid(l)] = x
            x = at(post(l), x + block.mlp(x))
            if post(l) in keep: kept[post(l)] = x
        return x, kept, cache

    def logits(s, x): return F.linear(F.rms_norm(x, (D,), s.norm, EPS), s.embed.weight)


def to_llama(model):
    """The same weights as a transformers LlamaForCausalLM."""
    from transformers import LlamaConfig, LlamaForCausalLM
    c = LlamaConfig(vocab_size=model.embed.weight.shape[0], hidden_size=D, intermediate_size=MLP, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS,
                    head_dim=HEAD, max_position_embeddings=512, rms_norm_eps=EPS, rope_theta=THETA, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=0, attention_bias=False)
    m = LlamaForCausalLM(c); w = {'model.embed_tokens.weight': model.embed.weight, 'model.norm.weight': model.norm, 'lm_head.weight': model.embed.weight}
    for l, b in enumerate(model.blocks):
        q, k, v = b.qkv.weight.split([HEADS * HEAD, KV_HEADS * HEAD, KV_HEADS * HEAD]); gate, up = b.up.weight.chunk(2)
        w |= {f'model.layers.{l}.{n}.weight': p for n, p in {'self_attn.q_proj': q, 'self_attn.k_proj': k, 'self_attn.v_proj': v, 'self_attn.o_proj': b.o.weight, 'mlp.gate_proj': gate,
              'mlp.up_proj': up, 'mlp.down_proj': b.down.weight, 'input_layernorm': b.n1, 'post_attention_layernorm': b.n2}.items()}
    m.load_state_dict({k: v.detach() for k, v in w.items()})
    return m.eval()
