import { utf8 } from "../seal/bytes.ts";

/** What a person typed, without blanks around it. Half of a character, which cannot be sent, becomes `�`. */
export function typed(text: string): string {
  return new TextDecoder().decode(utf8(text.trim()));
}
