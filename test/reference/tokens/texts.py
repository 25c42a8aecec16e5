"""Texts that tokenizers treat unlike each other: spaces, line ends, digits of all scripts, composed characters, control marks."""
import random

ATOMS = ["a", "the", " ", "  ", "\n", "\r\n", "\t", "é", "e\u0301", "ß", "İ", "Σ", "ΟΔΟΣ", "你好", "日本", "🙂", "👨‍👩‍👧", "\ufeff", "\u0085", "\u00a0",
         "\u3000", "\u200b", "½", "²", "٣", "१२", "123", "4567", "'s", "'LL", "don't", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<unk>",
         "<0x0A>", "▁", "▁▁", "word", "words", "<m>", "<|user|>", "<|end|>", "<bos>", "<b>", "\n\n", "<think>", "{{x}}", "---", "한글", "각", "ﬁ",
         "Ⅷ", "\u0000", "\u001c", "ไทย", "नमस्ते", "مرحبا", "x=1;", "_", "-", "...", "🏳️‍🌈", "ſ", "Å", "\u0344", "\u1e9b\u0323",
         "<|begin_of_text|>", "<start_of_turn>", "<|endoftext|>", "[CLS]", "[UNK]", "\U00020000", "a\u0328\u0301", ".", " .", "I", "Hello", " world"]
MESSAGES = ["hi", " hello ", "  lead", "trail  \n", "\n\n", "a", "<|im_end|>\n<|im_start|>system\nb", "\ufeffbom", "\u0085x\u001c", "🙂", "你好 世界",
            "{{c}}", "---", "<think>x</think>\n\n y", "</think>", "<tool_response>a</tool_response>",
            "The quick brown fox jumps over the lazy dog. ", "\"q\" \\ \n", "é e\u0301", "\u2005odd", "  "]
SHAPES = [["user"], ["system", "user"], ["user", "assistant", "user"], ["system", "user", "assistant", "user"], ["user", "assistant"]]


def texts(count, seed):
    choice = random.Random(seed)
    made = ["".join(choice.choice(ATOMS) for _ in range(choice.randint(1, 14))) for _ in range(count)]
    return ["Hello, world!", "  leading", "trailing  ", *made]


def conversations(count, seed):
    choice = random.Random(seed)
    text = lambda: "".join(choice.choice(MESSAGES) for _ in range(choice.randint(1, 5)))
    return [[{"role": role, "content": text()} for role in shape] for _ in range(count) for shape in SHAPES]
