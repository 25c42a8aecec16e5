// Python's rules for text, where JavaScript's differ and a chat template would come out otherwise.

const WHITE = new Set(
  "\t\n\v\f\r\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000",
);

/** Whether `str.strip()` takes the character away; U+FEFF, unlike in JavaScript, stays. */
export function isPythonSpace(character: string): boolean {
  return WHITE.has(character);
}

/** `str.strip`, `lstrip` and `rstrip`, with their argument: a set of characters. */
export function pythonStrip(text: string, side: "both" | "left" | "right", characters?: string | null): string {
  const taken = characters === undefined || characters === null ? WHITE : new Set(characters);
  let start = 0;
  let end = text.length;
  if (side !== "right") while (start < end && taken.has(text[start] ?? "")) start++;
  if (side !== "left") while (end > start && taken.has(text[end - 1] ?? "")) end--;
  return text.slice(start, end);
}

/** `repr(str)`: as a text stands inside a list or a dict that is written out. */
export function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const named: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", [quote]: `\\${quote}` };
  const body = [...text].map((character) => {
    const escaped = named[character];
    if (escaped !== undefined) return escaped;
    if (character === " " || !/[\p{C}\p{Z}]/u.test(character)) return character;
    const code = (character.codePointAt(0) ?? 0).toString(16);
    if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
  return quote + body.join("") + quote;
}

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** `datetime.strftime` in the C locale, local time; throws an Error for a directive that it doesn't know. */
export function pythonStrftime(date: Date, format: string): string {
  const two = (value: number, fill = "0") => String(value).padStart(2, fill);
  const hour12 = date.getHours() % 12 === 0 ? 12 : date.getHours() % 12;
  const month = MONTHS[date.getMonth()] ?? "";
  const day = DAYS[date.getDay()] ?? "";
  const startOfYear = new Date(date.getFullYear(), 0, 1);
  const noon = (at: Date) => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  const dayOfYear = Math.round((noon(date) - noon(startOfYear)) / 86_400_000) + 1;
  const expand = (directive: string): string => {
    switch (directive) {
      case "a":
        return day.slice(0, 3);
      case "A":
        return day;
      case "w":
        return String(date.getDay());
      case "d":
        return two(date.getDate());
      case "e":
        return two(date.getDate(), " ");
      case "-d":
        return String(date.getDate());
      case "b":
      case "h":
        return month.slice(0, 3);
      case "B":
        return month;
      case "m":
        return two(date.getMonth() + 1);
      case "-m":
        return String(date.getMonth() + 1);
      case "y":
        return two(date.getFullYear() % 100);
      case "Y":
        return String(date.getFullYear());
      case "H":
        return two(date.getHours());
      case "I":
        return two(hour12);
      case "p":
        return date.getHours() < 12 ? "AM" : "PM";
      case "M":
        return two(date.getMinutes());
      case "S":
        return two(date.getSeconds());
      case "f":
        return String(date.getMilliseconds()).padStart(3, "0").padEnd(6, "0");
      case "j":
        return String(dayOfYear).padStart(3, "0");
      case "F":
        return pythonStrftime(date, "%Y-%m-%d");
      case "D":
        return pythonStrftime(date, "%m/%d/%y");
      case "T":
        return pythonStrftime(date, "%H:%M:%S");
      case "R":
        return pythonStrftime(date, "%H:%M");
      case "z":
      case "Z":
        return "";
      case "%":
        return "%";
      default:
        throw new Error(`strftime_now: the directive %${directive} is not known`);
    }
  };
  return format.replace(/%(-?[\s\S])/g, (_, directive: string) => expand(directive));
}
