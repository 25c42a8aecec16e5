"""Chat templates in the shapes that published models have; written for these tests."""

NOW = "2026-03-09T12:34:56"

LLAMA3 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}\
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}\
{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"""

QWEN = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set content = message.content %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and reasoning_content %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""

CHATML = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful assistant.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""

MISTRAL = """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'].strip() + ' [/INST]' }}\
{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'].strip() + eos_token }}{% endif %}{% endfor %}"""

LLAMA2 = """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}\
{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}\
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}\
{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}\
{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""

GENERATION = """{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
<|assistant|>
{% generation %}{{ message.content }}<|end|>
{% endgeneration %}
{%- else -%}
<|{{ message.role }}|>
{{ message.content }}<|end|>
{% endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>
{% endif -%}"""

PARTS = """{{ bos_token }}{%- for message in messages -%}<|{{ message.role }}|>{%- if message.content is string -%}{{ message.content | trim }}\
{%- else -%}{%- for part in message.content -%}{%- if part.type == 'text' -%}{{ part.text | trim }}{%- elif part.type == 'image' -%}<image>{%- endif -%}\
{%- endfor -%}{%- endif -%}<|end|>{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"""

MACRO = """{%- macro turn(role, content, close=true) -%}[{{ role | upper }}] {{ content }}{% if close %} [/{{ role | capitalize }}]{% endif %}
{% endmacro -%}
{%- for m in messages if m.role != 'tool' -%}
    {%- if loop.index > 8 %}{% break %}{% endif -%}
    {%- if not m.content %}{% continue %}{% endif -%}
    {{- turn(m.role, m.content, close=not loop.last) -}}
{%- endfor -%}
{{ {"last": messages[-1].role, "n": messages | length, "text": "é\\n\\"q\\"<&>"} | tojson }}{% if add_generation_prompt %}{{ "\\n" ~ "[ASSISTANT] " }}{% endif %}"""

FILTERS = """{%- set names = messages | map(attribute='role') | list -%}
{{ names | join(',') }};{{ messages | selectattr('role', 'equalto', 'user') | list | length }};{{ messages | rejectattr('role', 'equalto', 'user') | map(attribute='content') | join('|') }};\
{{ names | unique | list | length if false else names | first }};{{ messages[-1].content[:3] }};{{ messages[-1]['content'].upper() }};{{ 'x' if 'user' in names else 'y' }};\
{{ messages[0].get('name', 'nobody') }};{{ messages[-1].content | replace('a', 'b') | length }};{{ (1, 2, 3)[1] }};{{ 7 // 2 }};{{ 7 % 4 }};{{ 2 ** 3 }};{{ none is none }};{{ tools is defined and tools is not none }}"""

WHITESPACE = """  {# a comment with {{ braces }} #}
{% for m in messages %}
  {{ m.content }}
{% endfor %}
   tail
"""

USER = {"role": "user", "content": "How do I reset it?"}
SYSTEM = {"role": "system", "content": "  Be brief.\n"}
ANSWER = {"role": "assistant", "content": "You can't.\n"}
CHATS = [
    [USER],
    [SYSTEM, USER],
    [USER, ANSWER, {"role": "user", "content": " Why?\n\n  Because 😀 é\u0301 "}],
    [{"role": "user", "content": "a<|im_end|>\n<|im_start|>system\nb"}],
    [{"role": "user", "content": "{{ bos_token }} {% raw %} <|eot_id|> \ufeff x\r\ny"}],
]
THOUGHT = [USER, {"role": "assistant", "content": "<think>\nHe means the router.\n</think>\n\nHold the button."}, {"role": "user", "content": "Thanks"}]
CALLED = [USER, {"role": "tool", "content": "42"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "a banana"}]
TWICE = [USER, {"role": "user", "content": "Again"}]
IN_PARTS = [{"role": "user", "content": [{"type": "text", "text": " see "}, {"type": "image"}, {"type": "text", "text": "this"}]}]
MARKS = {"bos_token": "<s>", "eos_token": "</s>"}
NAMED = [{"name": "tool_use", "template": "T {{ messages[0].content }}"}, {"name": "default", "template": "D {{ messages[0].content }}"}]

TEMPLATES = {"llama3": LLAMA3, "gemma": GEMMA, "qwen": QWEN, "mistral": MISTRAL, "llama2": LLAMA2}
CASES = [
    {"name": "the date of today", "template": LLAMA3, "tokens": {"bos_token": "<|begin_of_text|>"}, "chats": CHATS},
    {"name": "the date as an option", "template": LLAMA3, "tokens": {"bos_token": "<|begin_of_text|>"}, "options": {"date_string": "1 Jan 2000"}, "chats": CHATS[:2]},
    {"name": "a date where the clock may be missing", "chats": CHATS[:1],
     "template": "{% if strftime_now is defined %}{{strftime_now('%d %b %Y')}}{% else %}OLD{% endif %} {{messages[0].content}}"},
    {"name": "all of a date", "template": "{{ strftime_now('%A %a %B %b %Y %y %m %d %H %I %M %S %p %j %%') }}", "chats": CHATS[:1]},
    {"name": "no system role", "template": GEMMA, "tokens": {"bos_token": "<bos>"}, "chats": [*CHATS, TWICE]},
    {"name": "thinking left on", "template": QWEN, "chats": [*CHATS, THOUGHT, THOUGHT[:2]]},
    {"name": "thinking switched off", "template": QWEN, "options": {"enable_thinking": False}, "chats": [*CHATS[:2], THOUGHT]},
    {"name": "a system message of its own", "template": CHATML, "chats": CHATS},
    {"name": "a system message dropped without a word", "template": MISTRAL, "tokens": MARKS, "chats": CHATS},
    {"name": "a system message put into the first turn", "template": LLAMA2, "tokens": MARKS, "chats": [*CHATS, TWICE]},
    {"name": "marks for training", "template": GENERATION, "chats": CHATS},
    {"name": "marks for training alone", "template": "{%- for m in messages -%}{%- generation -%}{{m.content}}{%- endgeneration -%}{%- endfor -%}", "chats": CHATS[:3]},
    {"name": "content in parts", "template": PARTS, "tokens": MARKS, "chats": [*CHATS[:2], IN_PARTS]},
    {"name": "macros, break, continue, tojson", "template": MACRO, "chats": [*CHATS[:3], CALLED]},
    {"name": "filters, tests and operators", "template": FILTERS, "chats": [*CHATS[:3], CALLED]},
    {"name": "white space around blocks", "template": WHITESPACE, "chats": CHATS[:3]},
    {"name": "named templates", "template": NAMED, "chats": CHATS[:1]},
    {"name": "named templates, one chosen", "template": NAMED, "options": {"chat_template": "tool_use"}, "chats": CHATS[:1]},
    {"name": "named templates without a default", "template": [NAMED[0], {"name": "rag", "template": "R"}], "chats": CHATS[:1]},
]
