"""Small tokenizers, one for each pipeline that decoders' tokenizer.json files have, trained on this repository's licence and a few sentences."""
import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).parents[3]
CORPUS = (ROOT / "LICENSE").read_text().split("\n") + [
    "Die Größe der Straße, naïve café, façade; 你好世界 こんにちは мир 123 4567 🙂🙃 👨‍👩‍👧 x=1;\n\tif (a) { return b; }"] * 20
BYTES = [f"<0x{i:02X}>" for i in range(256)]
ALPHABET = pre_tokenizers.ByteLevel.alphabet()
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def bpe(normalizer, pre_tokenizer, special, vocab=700, alphabet=(), **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(vocab_size=vocab, special_tokens=list(special), initial_alphabet=list(alphabet), show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def without_added_bytes(tokenizer):
    """Byte tokens are entries of the vocabulary, not added tokens: the trainer knows only the second way to put them in."""
    saved = json.loads(tokenizer.to_str())
    saved["added_tokens"] = [token for token in saved["added_tokens"] if token["content"] not in BYTES]
    return Tokenizer.from_str(json.dumps(saved))


def smollm2():
    tokenizer = bpe(None, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                   pre_tokenizers.ByteLevel(add_prefix_space=False)]),
                    ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], alphabet=ALPHABET)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}


def llama3():
    split = pre_tokenizers.Split(Regex(LLAMA3), "isolated")
    tokenizer = bpe(None, pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
                    ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"], alphabet=ALPHABET, ignore_merges=True)
    tokenizer.decoder = decoders.ByteLevel()
    template = processors.TemplateProcessing("<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return tokenizer, {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}


def qwen():
    split = pre_tokenizers.Split(Regex(QWEN2), "isolated")
    tokenizer = bpe(normalizers.NFC(), pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
                    ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], alphabet=ALPHABET)
    tokenizer.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in ("<think>", "</think>")])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, {"eos_token": "<|im_end|>", "add_bos_token": False}


def llama2():
    normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer = without_added_bytes(bpe(normalizer, None, ["<unk>", "<s>", "</s>", *BYTES], vocab=900, unk_token="<unk>", fuse_unk=True,
                                        byte_fallback=True))
    # As Phi-3 adds them: white space after these marks belongs to them.
    tokenizer.add_special_tokens([AddedToken(mark, rstrip=True, normalized=False)
                                  for mark in ("<|user|>", "<|system|>", "<|assistant|>", "<|end|>")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def gemma():
    tokenizer = without_added_bytes(bpe(normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous"),
                                        ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", *BYTES], vocab=900,
                                        unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in ("\n\n", "▁▁", "<b>")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing("<bos> $A", special_tokens=[("<bos>", 2)])
    return tokenizer, {"bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>"}


def metaspace():
    tokenizer = bpe(normalizers.NFKC(), pre_tokenizers.Metaspace(prepend_scheme="first"), ["<unk>", "<s>"], unk_token="<unk>", fuse_unk=True)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return tokenizer, {"unk_token": "<unk>"}


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=500, special_tokens=["<unk>", "</s>"], unk_token="<unk>",
                                                                  show_progress=False))
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer, {"unk_token": "<unk>", "eos_token": "</s>"}


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=500, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"],
                                                                    show_progress=False))
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer, {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


def neox():
    tokenizer = bpe(normalizers.NFC(), pre_tokenizers.ByteLevel(add_prefix_space=True), ["<|endoftext|>"], alphabet=ALPHABET)
    tokenizer.add_tokens([AddedToken("  ", normalized=True), AddedToken("word", single_word=True, normalized=False),
                          AddedToken("<m>", lstrip=True, normalized=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer, {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}


ALL = {make.__name__: make for make in (smollm2, llama3, qwen, llama2, gemma, metaspace, unigram, wordpiece, neox)}
