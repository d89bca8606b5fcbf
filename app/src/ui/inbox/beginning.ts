/** The first words, of so many letters in all; the last of them may be cut. Nothing is decided by them. */
export function beginning(words: readonly string[], letters: number): string[] {
  const begun: string[] = [];
  let left = letters;
  for (const word of words) {
    if (left <= 0) break;
    begun.push(word.slice(0, left));
    left -= word.length;
  }
  return begun;
}
