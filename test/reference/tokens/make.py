"""Makes test/fixtures/tokens/: small tokenizers and chat templates, and what transformers and tokenizers make of difficult texts."""
import datetime
import importlib.metadata
import json
import pathlib
import shutil

import transformers.utils.chat_template_utils as chat_template_utils
from transformers import AutoTokenizer

from texts import conversations, texts
from tokenizers_of_all_kinds import ALL, ROOT

OUT = ROOT / "test" / "fixtures" / "tokens"
VERSIONS = {name: importlib.metadata.version(name) for name in ("transformers", "tokenizers", "jinja2")}
DAY = datetime.datetime(2026, 3, 9, 14, 5)


def utf16(text):
    """By code point, and one more: the offset in UTF-16 units."""
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    return places


def encoded(tokenizer, text, special):
    encoding = tokenizer.encode(text, add_special_tokens=special)
    places = utf16(text)
    return {"text": text, "special": special, "ids": encoding.ids, "offsets": [[places[a], places[b]] for a, b in encoding.offsets],
            "decoded": tokenizer.decode(encoding.ids, skip_special_tokens=True)}


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


class FixedDay(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return DAY


def main():
    chat_template_utils.datetime = FixedDay
    shutil.rmtree(OUT, ignore_errors=True)
    for name, make in ALL.items():
        tokenizer, config = make()
        folder = OUT / name
        folder.mkdir(parents=True)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        write(folder / "tokenizer_config.json", {**config, "tokenizer_class": "PreTrainedTokenizerFast"})
        golden = [encoded(tokenizer, text, special) for text in texts(45, 11) for special in (False, True)]
        write(folder / "golden.json", {"versions": VERSIONS, "texts": golden})
    templates = []
    for path in sorted((ROOT / "test/reference/tokens/templates").glob("*.jinja")):
        name, base = path.name.split(".")[:2]
        tokenizer = AutoTokenizer.from_pretrained(OUT / base)
        tokenizer.chat_template = path.read_text()
        rows = []
        for conversation in conversations(4, 5):
            try:
                text = tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
                ids = tokenizer.apply_chat_template(conversation, tokenize=True, add_generation_prompt=True, return_dict=True)["input_ids"]
                rows.append({"messages": conversation, "rendered": text, "ids": ids})
            except Exception as error:
                rows.append({"messages": conversation, "refused": str(error)})
        templates.append({"name": name, "tokenizer": base, "template": tokenizer.chat_template, "conversations": rows})
    write(OUT / "templates.json", {"versions": VERSIONS, "day": DAY.isoformat(), "templates": templates})


main()
