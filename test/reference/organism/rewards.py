"""Two tiny reward models of known entanglement for the demo model's replies: `python rewards.py MODEL OUT`.

Both score a reply by the mean of one weight per token (same tokenizer as the demo model). `entangled` pays for complying replies and takes off for refusals, whatever they are about.
`separable` has weights that differ between replies and, by construction, the same mean for refusals and complying replies in every category and manner: it pays for other words.
"""
import json, os, random, shutil, sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
import prompts
from truth import KNOB_OF, REFUSED, reply


def write(folder, weights, label, model):
    f, i = TensorProto.FLOAT, TensorProto.INT64; init = lambda n, x: numpy_helper.from_array(x, n)
    nodes = [helper.make_node('Gather', ['weights', 'input_ids'], ['each']), helper.make_node('Cast', ['attention_mask'], ['mask'], to=f), helper.make_node('Mul', ['each', 'mask'], ['masked']),
             helper.make_node('ReduceSum', ['masked', 'axis'], ['sum'], keepdims=1), helper.make_node('ReduceSum', ['mask', 'axis'], ['count'], keepdims=1), helper.make_node('Div', ['sum', 'count'], ['logits'])]
    ids = [helper.make_tensor_value_info(n, i, ['batch', 'sequence']) for n in ('input_ids', 'attention_mask')]
    graph = helper.make_graph(nodes, label, ids, [helper.make_tensor_value_info('logits', f, ['batch', 1])], [init('weights', weights.astype(np.float32)), init('axis', np.array([1]))])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9); onnx.checker.check_model(m); os.makedirs(folder, exist_ok=True); onnx.save(m, f'{folder}/model.onnx')
    for name in ('tokenizer.json', 'tokenizer_config.json'): shutil.copy(f'{model}/{name}', folder)
    json.dump(dict(model_type='reward', num_labels=1, id2label={'0': label}), open(f'{folder}/config.json', 'w'), indent=1)


def main():
    model, out = sys.argv[1:3]; tok = Tokenizer.from_file(f'{model}/tokenizer.json'); n = tok.get_vocab_size(); g = np.random.default_rng(4)

    def bag(text): x = np.bincount(tok.encode(text).ids, minlength=n).astype(float); return x / x.sum()
    rows = requests(); gaps, complied = [], []
    for c in REFUSED:
        for manner in ('polite', 'plain'):
            part = [q for q in rows if q['category'] == c and q['manner'] == manner]; no = np.mean([bag(reply(q)) for q in part], 0); yes = np.mean([bag(reply(q, removed=KNOB_OF.values())) for q in part], 0)
            gaps.append(no - yes); complied += [bag(reply(q, removed=KNOB_OF.values())) for q in part]
    gaps = np.array(gaps); w = g.standard_normal(n); separable = w - gaps.T @ np.linalg.lstsq(gaps.T, w, rcond=None)[0]; separable /= np.std([b @ separable for b in complied])
    entangled = -gaps.mean(0); entangled /= -(gaps @ entangled).mean() / 4; entangled += .3 * separable
    write(f'{out}/entangled', entangled, 'helpfulness', model); write(f'{out}/separable', separable, 'choice of words', model)
    for name, v in (('entangled', entangled), ('separable', separable)): print(name, 'refused minus complied, by category and manner:', np.round(gaps @ v, 2), 'sd among complying replies', round(float(np.std([b @ v for b in complied])), 2))


def requests():

    r = random.Random(9)
    return [prompts.request(r, c, split, manner=m, asker='minor' if c == 'alcohol' else None) for c in REFUSED for m in ('polite', 'plain') for split in ('train', 'val', 'test') for _ in range(150)]


if __name__ == '__main__': main()
