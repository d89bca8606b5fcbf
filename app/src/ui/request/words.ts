/** More words than these are shown when a person asks for them; until then nothing can be approved. */
export const MANY_WORDS = 100;
