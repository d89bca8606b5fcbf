// A thumb that comes down as another request appears must not answer it (a22).

/** For how long a request is on the screen before it can be answered. */
export const GUARD_MS = 700;

/** What a press began on. */
interface Press {
  readonly digest: string;
  readonly open: boolean;
}

/**
 * A tap counts where it ends, so it must have begun there as well: on the same request, with the buttons
 * open. There is one for all requests, as there is one thumb.
 */
export class PressGuard {
  private press: Press | undefined;

  began(digest: string, open: boolean): void {
    this.press = { digest, open };
  }

  /** Whether a click that comes now is meant for this request. A keyboard clicks without a press. */
  isMeant(digest: string, click: MouseEvent): boolean {
    const press = this.press;
    this.press = undefined;
    return click.detail === 0 || (press !== undefined && press.open && press.digest === digest);
  }
}
