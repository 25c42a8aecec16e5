"""A tokenizer of one token per printable character, for the tiny models; the interesting ones are in ../tokenizers."""
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast


def characters(vocab_size, eos):
    names = ["<pad>", "<s>", *(chr(code) for code in range(32, 127))][: vocab_size - 2]
    names = [*names[:eos], "</s>", *names[eos:], "<unk>"]
    tokenizer = Tokenizer(models.BPE(vocab={name: index for index, name in enumerate(names)}, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token=names[eos], unk_token="<unk>",
                                   clean_up_tokenization_spaces=False)
