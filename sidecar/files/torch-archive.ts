import { refused } from "../../shared/errors.ts";
import type { FloatDtype } from "./float-types.ts";
import { readExactly, withFile } from "./read-range.ts";
import { readZipEntries, type ZipEntry } from "./zip-archive.ts";

/** A tensor of a state dict, not yet read. */
export interface TorchTensor {
  dtype: FloatDtype | "I32" | "I64";
  shape: number[];
  /** In elements. */
  strides: number[];
  /** Byte offset in the file, and bytes that a contiguous tensor of this shape takes. */
  offset: number;
  length: number;
}

const STORAGES: Record<string, { dtype: TorchTensor["dtype"]; bytes: number }> = {
  FloatStorage: { dtype: "F32", bytes: 4 },
  HalfStorage: { dtype: "F16", bytes: 2 },
  BFloat16Storage: { dtype: "BF16", bytes: 2 },
  DoubleStorage: { dtype: "F64", bytes: 8 },
  IntStorage: { dtype: "I32", bytes: 4 },
  LongStorage: { dtype: "I64", bytes: 8 },
};

/** What a pickle may name; anything else is refused, and nothing is ever called. */
interface Named {
  named: string;
}
interface Storage {
  storage: string;
  key: string;
}
interface Rebuilt {
  storage: Storage;
  offset: number;
  shape: number[];
  strides: number[];
}

/**
 * Lists the tensors of a state dict that `torch.save` wrote (its zip format, since PyTorch 1.6).
 * The pickle inside is read as data: only dicts, lists, numbers, text and tensors are understood, no code is run.
 * Refused by name: the older format, a torn file, anything else in the pickle.
 */
export async function readTorchTensors(path: string): Promise<Map<string, TorchTensor>> {
  const entries = await readZipEntries(path);
  const pickle = entries.find(({ name }) => name.endsWith("/data.pkl"));
  if (pickle === undefined || !pickle.stored) throw refused(`${path}: holds no data.pkl, as torch.save writes it`);
  const bytes = await withFile(path, (file) => readExactly(file, path, pickle.offset, pickle.packedLength));
  const value = readPickle(bytes, path);
  if (!(value instanceof Map)) throw refused(`${path}: expected a state dict of tensors`);
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const tensors = new Map<string, TorchTensor>();
  for (const [name, item] of value) {
    if (typeof name === "string" && isRebuilt(item)) tensors.set(name, place(path, name, item, folder, entries));
  }
  return tensors;
}

function isRebuilt(value: unknown): value is Rebuilt {
  return typeof value === "object" && value !== null && "storage" in value && "strides" in value;
}

function place(path: string, name: string, item: Rebuilt, folder: string, entries: readonly ZipEntry[]): TorchTensor {
  const kind = STORAGES[item.storage.storage];
  if (kind === undefined) throw refused(`${path}: tensor "${name}" is a ${item.storage.storage}, which is not read`);
  const entry = entries.find((candidate) => candidate.name === `${folder}data/${item.storage.key}`);
  if (entry === undefined || !entry.stored) throw refused(`${path}: the data of tensor "${name}" are missing`);
  const length = item.shape.reduce((product, n) => product * n, kind.bytes);
  if (item.offset * kind.bytes + length > entry.length) {
    throw refused(`${path}: tensor "${name}" needs ${length} bytes, its storage has ${entry.length}`);
  }
  return {
    dtype: kind.dtype,
    shape: item.shape,
    strides: item.strides,
    offset: entry.offset + item.offset * kind.bytes,
    length,
  };
}

const MARK = Symbol("mark");

/** Reads the opcodes that a state dict is made of; see Lib/pickletools.py. */
function readPickle(bytes: Uint8Array, path: string): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = 0;
  const text = (length: number): string => {
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  const line = (): string => {
    const start = at;
    while (bytes[at] !== 0x0a && at < bytes.length) at++;
    return new TextDecoder().decode(bytes.subarray(start, at++));
  };
  const number = (size: number, read: (offset: number) => number): number => {
    at += size;
    return read(at - size);
  };
  const sinceMark = (): unknown[] => stack.splice(stack.lastIndexOf(MARK)).slice(1);
  const take = (count: number): unknown[] => stack.splice(stack.length - count);
  while (at < bytes.length) {
    const op = String.fromCharCode(bytes[at++] as number);
    switch (op) {
      case "\x80":
        at += 1;
        break;
      case "\x95":
        at += 8;
        break;
      case "}":
        stack.push(new Map());
        break;
      case "]":
        stack.push([]);
        break;
      case ")":
        stack.push([]);
        break;
      case "(":
        stack.push(MARK);
        break;
      case "t":
        stack.push(sinceMark());
        break;
      case "\x85":
        stack.push(take(1));
        break;
      case "\x86":
        stack.push(take(2));
        break;
      case "\x87":
        stack.push(take(3));
        break;
      case "u":
        setItems(stack, sinceMark());
        break;
      case "s":
        setItems(stack, take(2));
        break;
      case "a":
      case "e": {
        const items = op === "a" ? take(1) : sinceMark();
        const list = stack.at(-1);
        if (Array.isArray(list)) list.push(...items);
        break;
      }
      case "X":
        stack.push(text(number(4, (o) => view.getUint32(o, true))));
        break;
      case "\x8c":
        stack.push(text(number(1, (o) => view.getUint8(o))));
        break;
      case "q":
        memo.set(
          number(1, (o) => view.getUint8(o)),
          stack.at(-1),
        );
        break;
      case "r":
        memo.set(
          number(4, (o) => view.getUint32(o, true)),
          stack.at(-1),
        );
        break;
      case "\x94":
        memo.set(memo.size, stack.at(-1));
        break;
      case "h":
        stack.push(memo.get(number(1, (o) => view.getUint8(o))));
        break;
      case "j":
        stack.push(memo.get(number(4, (o) => view.getUint32(o, true))));
        break;
      case "J":
        stack.push(number(4, (o) => view.getInt32(o, true)));
        break;
      case "K":
        stack.push(number(1, (o) => view.getUint8(o)));
        break;
      case "M":
        stack.push(number(2, (o) => view.getUint16(o, true)));
        break;
      case "G":
        stack.push(number(8, (o) => view.getFloat64(o)));
        break;
      case "\x8a": {
        const size = number(1, (o) => view.getUint8(o));
        let value = 0;
        for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
        at += size;
        stack.push(value);
        break;
      }
      case "\x88":
        stack.push(true);
        break;
      case "\x89":
        stack.push(false);
        break;
      case "N":
        stack.push(null);
        break;
      case "c":
        stack.push({ named: `${line()} ${line()}` } satisfies Named);
        break;
      case "\x93": {
        const [module, name] = take(2);
        stack.push({ named: `${String(module)} ${String(name)}` } satisfies Named);
        break;
      }
      case "Q":
        stack.push(persistent(stack.pop(), path));
        break;
      case "R": {
        const [made, args] = take(2);
        stack.push(rebuild(made, args, path));
        break;
      }
      case "b":
        // State set on an OrderedDict (its _metadata) says nothing of the tensors.
        stack.pop();
        break;
      case ".":
        return stack.pop();
      default:
        throw refused(`${path}: data.pkl holds the opcode ${JSON.stringify(op)}, which no state dict needs`);
    }
  }
  throw refused(`${path}: data.pkl is torn`);
}

function setItems(stack: unknown[], items: readonly unknown[]): void {
  const map = stack.at(-1);
  if (!(map instanceof Map)) return;
  for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i], items[i + 1]);
}

function persistent(id: unknown, path: string): Storage {
  if (Array.isArray(id) && id[0] === "storage" && typeof id[2] === "string") {
    const kind = (id[1] as Named | undefined)?.named ?? "";
    return { storage: kind.replace(/^torch /, ""), key: id[2] };
  }
  throw refused(`${path}: data.pkl names a storage in a way that is not understood`);
}

function rebuild(made: unknown, args: unknown, path: string): unknown {
  const name = (made as Named | undefined)?.named ?? "";
  const list = Array.isArray(args) ? args : [];
  if (name === "collections OrderedDict") return new Map();
  if (name === "torch._utils _rebuild_parameter") return list[0];
  if (name === "torch._utils _rebuild_tensor_v2") {
    return { storage: list[0], offset: list[1], shape: list[2], strides: list[3] };
  }
  throw refused(`${path}: data.pkl calls "${name}": only tensors are read, no code is run`);
}
