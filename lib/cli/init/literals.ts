// Values as they are written in a configuration file: plain data to JavaScript and YAML text.

/** Longer values get a line per entry. */
const LONGEST = 100;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/** Double-quoted; what an editor or YAML takes for a line break or an order mark is escaped as well. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function jsText(text: string): string {
  return `'${quoted(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function jsKey(key: string): string {
  if (key === '__proto__') return "['__proto__']"; // Bare or quoted it would set the prototype.
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : jsText(key);
}

function jsInline(value: unknown): string {
  if (typeof value === 'string') return jsText(value);
  if (Array.isArray(value)) return `[${value.map(jsInline).join(', ')}]`;
  if (!isObject(value)) return String(value);
  const entries = Object.entries(value).map(([key, item]) => `${jsKey(key)}: ${jsInline(item)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** `workers: 4,` as it stands in an object literal; several lines for what is long. */
export function jsEntry(name: string, value: unknown): readonly string[] {
  const inline = `${jsKey(name)}: ${jsInline(value)},`;
  if (inline.length <= LONGEST || !isObject(value)) return [inline];
  if (Array.isArray(value)) return [`${jsKey(name)}: [`, ...value.map(item => `  ${jsInline(item)},`), '],'];
  return [`${jsKey(name)}: {`, ...Object.entries(value).map(([key, item]) => `  ${jsKey(key)}: ${jsInline(item)},`), '},'];
}

/** Quoted but for what no YAML version takes for anything else than a text. */
function yamlText(text: string): string {
  const isPlain = /^(?:(?:\.{0,2}\/)?[A-Za-z_][\w./-]*|\d+(?:ms|s|m|h))$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : quoted(text);
}

function yamlInline(value: unknown): string {
  if (typeof value === 'string') return yamlText(value);
  if (Array.isArray(value)) return `[${value.map(yamlInline).join(', ')}]`;
  if (!isObject(value)) return String(value);
  const entries = Object.entries(value).map(([key, item]) => `${yamlText(key)}: ${yamlInline(item)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** `workers: 4`; several lines for what is long. */
export function yamlEntry(name: string, value: unknown): readonly string[] {
  const inline = `${yamlText(name)}: ${yamlInline(value)}`;
  if (inline.length <= LONGEST || !isObject(value)) return [inline];
  if (Array.isArray(value)) return [`${yamlText(name)}:`, ...value.map(item => `  - ${yamlInline(item)}`)];
  return [`${yamlText(name)}:`, ...Object.entries(value).map(([key, item]) => `  ${yamlText(key)}: ${yamlInline(item)}`)];
}
