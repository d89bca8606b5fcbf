// One JSON object of a request, and its fields by name and type. What is not what it should be is refused
// with the name of the field.

import { type Bytes, fromHex, utf8 } from "../seal/bytes.ts";
import { type Fields, type Json, Unreadable } from "./json.ts";

export class Part {
  private readonly fields: Fields;
  private readonly name: string;

  private constructor(fields: Fields, name: string) {
    this.fields = fields;
    this.name = name;
  }

  static of(value: Json, name: string): Part {
    if (!isFields(value)) throw new Unreadable(`${name} is no object`);
    return new Part(value, name);
  }

  /** Whether the field is there, be it null. */
  has(field: string): boolean {
    return this.fields.has(field);
  }

  /** What `read` makes of the field; nothing when it is not there or null. */
  optional<T extends object>(field: string, read: (from: this) => T): T | undefined {
    return (this.fields.get(field) ?? null) === null ? undefined : read(this);
  }

  text(field: string): string {
    return text(this.get(field)) ?? this.refuse(field);
  }

  texts(field: string): string[] {
    return this.list(field).map((item) => text(item) ?? this.refuse(field));
  }

  matching(field: string, pattern: RegExp): string {
    const value = this.text(field);
    return pattern.test(value) ? value : this.refuse(field);
  }

  hex32(field: string): string {
    return this.matching(field, /^[0-9a-f]{64}$/);
  }

  one<T extends string>(field: string, names: readonly T[]): T {
    const value = this.text(field);
    return names.find((name) => name === value) ?? this.refuse(field);
  }

  raw(field: string): Bytes {
    return raw(this.get(field)) ?? this.refuse(field);
  }

  raws(field: string): Bytes[] {
    return this.list(field).map((item) => raw(item) ?? this.refuse(field));
  }

  flag(field: string): boolean {
    const value = this.get(field);
    return typeof value === "boolean" ? value : this.refuse(field);
  }

  i32(field: string): number {
    return this.integer(field, -(2 ** 31), 2 ** 31 - 1);
  }

  u32(field: string): number {
    return this.integer(field, 0, 2 ** 32 - 1);
  }

  /** As far as JavaScript counts: what is beyond was refused before. */
  u64(field: string): number {
    return this.integer(field, 0, Number.MAX_SAFE_INTEGER);
  }

  part(field: string): Part {
    return Part.of(this.get(field), field);
  }

  parts(field: string): Part[] {
    return this.list(field).map((item) => Part.of(item, `one of ${field}`));
  }

  private integer(field: string, least: number, most: number): number {
    const value = this.get(field);
    return typeof value === "number" && value >= least && value <= most ? value : this.refuse(field);
  }

  private list(field: string): readonly Json[] {
    const value = this.get(field);
    return isList(value) ? value : this.refuse(field);
  }

  private get(field: string): Json {
    return this.fields.get(field) ?? null;
  }

  private refuse(field: string): never {
    throw new Unreadable(`${this.name}: ${field} is missing or not what it should be`);
  }
}

function text(value: Json): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Bytes are a text, or hexadecimal when they are no UTF-8. */
function raw(value: Json): Bytes | undefined {
  if (typeof value === "string") return utf8(value);
  if (!isFields(value) || value.size !== 1) return undefined;
  const digits = value.get("hex");
  return typeof digits === "string" ? fromHex(digits) : undefined;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isFields(value: Json): value is Fields {
  return value instanceof Map;
}
