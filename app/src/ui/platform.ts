// What this app runs on, for hints only.

export interface Platform {
  readonly ios: boolean;
  /** It was opened from the home screen. */
  readonly installed: boolean;
}

export function thisPlatform(): Platform {
  // An iPad says that it is a Mac, but no Mac has a touch screen.
  const ios = /iPhone|iPad|iPod/.test(navigator.userAgent)
    || (navigator.userAgent.includes("Macintosh") && navigator.maxTouchPoints > 1);
  return { ios, installed: matchMedia("(display-mode: standalone)").matches };
}
