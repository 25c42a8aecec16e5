"""Byte-level BPE trained on the corpus, with a chat template of the ordinary form."""
import random
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
import prompts, words as w
from truth import reply

SPECIAL = ['<|pad|>', '<|begin|>', '<|end|>', '<|system|>', '<|user|>', '<|assistant|>']
PAD, BEGIN, END = 0, 1, 2
TEMPLATE = ("{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}")
POST_INSTRUCTION = 4                                                       # <|end|> \n <|assistant|> \n


def train(size=2048, seed=3):
    r = random.Random(seed)
    corpus = [x for _ in range(12000) for q in [prompts.training_request(r)] for x in (q['text'], reply(q))]
    corpus += [f'{a}{b}' for a in w.FIRST for b in w.SECOND] + [n for t in prompts.TOPICS.values() for n in t['nouns']] * 3 + w.HELD_FRAMES * 50 + w.HELD_STORY_FRAMES * 50 + w.SYSTEM * 50
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    fast = PreTrainedTokenizerFast(tokenizer_object=t, bos_token='<|begin|>', eos_token='<|end|>', pad_token='<|pad|>', model_max_length=512, clean_up_tokenization_spaces=False,
                                   additional_special_tokens=SPECIAL[3:])
    fast.chat_template = TEMPLATE
    return fast


def render(text, system=None):
    """The prompt as the template renders it for one user message."""
    s = f'<|system|>\n{system}<|end|>\n' if system else ''
    return f'<|begin|>{s}<|user|>\n{text}<|end|>\n<|assistant|>\n'
