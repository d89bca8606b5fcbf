// What is known of environment variables by their names: the twin of aisudo-core's `variables`.

import { letters } from "./paths.ts";

export const NAMES = new Set(
  ("BASH_ENV BASHOPTS BROWSER CDPATH EDITOR ENV GCONV_PATH HOME IFS LESSOPEN LOCPATH MANPAGER NODE_OPTIONS " +
    "NODE_PATH PAGER PATH PERLLIB PROMPT_COMMAND PS4 RUBYLIB RUBYOPT SHELL SHELLOPTS TERMINFO VISUAL " +
    "XDG_CONFIG_HOME ZDOTDIR").split(" "),
);

export const BEGINNINGS = ["BASH_FUNC_", "DYLD_", "GIT_", "JAVA_", "LD_", "PERL5", "PYTHON", "_RLD"];

/** Whether it is one of those by which linkers, shells, interpreters and common tools load or run code. */
export function loadsCode(name: Uint8Array): boolean {
  const text = letters(name);
  return NAMES.has(text) || BEGINNINGS.some((beginning) => text.startsWith(beginning));
}
