#!/usr/bin/env python3
"""make.py: writes test/fixtures/tokenizers/: small tokenizers of every kind, with the ids and spans that Hugging Face's `tokenizers` gives for nasty texts,
and chat templates of the shapes found in published models, as transformers' apply_chat_template renders them.

A tokenizer's folder is a Hugging Face folder plus golden.json; templates.json holds the templates. Spans are UTF-16 offsets into the text.
"""
import json
import os
import pathlib
import shutil
from datetime import datetime
from unittest import mock

import tokenizers
import transformers
from kinds import KINDS
from templates import CASES, CHATS, NOW, TEMPLATES
from texts import CORPUS, TEXTS
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "tokenizers"
VERSIONS = {"tokenizers": tokenizers.__version__, "transformers": transformers.__version__}


def utf16(text):
    """Offset in UTF-16 units of every code point's start, and of the end."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if ord(character) > 0xFFFF else 1))
    return offsets


def encoded(tokenizer, text, special):
    found = tokenizer.encode(text, add_special_tokens=special)
    offsets = utf16(text)
    return {"ids": found.ids, "spans": [[offsets[start], offsets[end]] for start, end in found.offsets]}


def tokenizer_fixture(name, make):
    folder = FIXTURES / name
    folder.mkdir(parents=True)
    raw, settings = make(CORPUS)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=raw, clean_up_tokenization_spaces=False, **settings)
    template = TEMPLATES.get(name)
    if template is not None:
        wrapped.chat_template = template
    wrapped.save_pretrained(folder)
    reopened = PreTrainedTokenizerFast.from_pretrained(folder)
    inner = reopened._tokenizer
    texts = [{"text": text, **encoded(inner, text, False), "decoded": reopened.decode(inner.encode(text, add_special_tokens=False).ids),
              "withSpecial": inner.encode(text).ids} for text in TEXTS]
    chats = []
    for chat in CHATS if template is not None else []:
        options = {"add_generation_prompt": True}
        try:
            text = reopened.apply_chat_template(chat, tokenize=False, **options)
        except Exception as error:  # a template refuses a chat in its own words
            chats.append({"messages": chat, "error": str(error)})
            continue
        ids = reopened.apply_chat_template(chat, return_dict=True, **options)["input_ids"]
        chats.append({"messages": chat, "text": text, **encoded(inner, text, False), "templateIds": ids})
    write(folder / "golden.json", {"versions": VERSIONS, "texts": texts, "chats": chats})


def rendered(case):
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(tokenizers.models.WordLevel({"x": 0}, "x")), **case.get("tokens", {}))
    tokenizer.chat_template = dict((entry["name"], entry["template"]) for entry in case["template"]) if isinstance(case["template"], list) else case["template"]
    results = []
    for chat in case["chats"]:
        for generation in (False, True):
            options = {"add_generation_prompt": generation, **case.get("options", {})}
            try:
                results.append({"messages": chat, "options": options, "text": tokenizer.apply_chat_template(chat, tokenize=False, **options)})
            except Exception as error:
                results.append({"messages": chat, "options": options, "error": str(error).split("\n")[0]})
    return {**{key: value for key, value in case.items() if key != "chats"}, "results": results}


def write(path, value):
    """JSON with one line per entry of its lists: small, and readable in a diff."""
    lines = []
    for key, entry in value.items():
        if isinstance(entry, list):
            inner = ",\n".join("  " + json.dumps(item, ensure_ascii=True) for item in entry)
            lines.append(f"{json.dumps(key)}: [\n{inner}\n]" if entry else f"{json.dumps(key)}: []")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(entry)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


class Frozen(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromisoformat(NOW)


if __name__ == "__main__":
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    shutil.rmtree(FIXTURES, ignore_errors=True)
    with mock.patch.object(chat_template_utils, "datetime", Frozen):
        for kind, maker in KINDS.items():
            tokenizer_fixture(kind, maker)
            print(kind, flush=True)
        write(FIXTURES / "templates.json", {"versions": VERSIONS, "now": NOW, "cases": [rendered(case) for case in CASES]})
