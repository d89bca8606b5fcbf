// The facts of a request for screens that place them one by one: the same safe strings that the lines of
// `view` have. They do not replace its warnings.

import type { Request, Role } from "./request.ts";
import { targetOf } from "./view/command.ts";
import {
  agentOf,
  changeableOf,
  directoryOf,
  environmentOf,
  hostOf,
  inputOf,
  parentOf,
  programOf,
  reasonOf,
  requesterOf,
} from "./view/fields.ts";
import { Safe } from "./view/safe.ts";
import { sealedIn } from "./view/sealed.ts";

export interface Facts {
  /** As whom; nothing when sudo's command line could not be read. */
  readonly target?: string;
  /** With its machine id. */
  readonly host: string;
  /** Its name alone. */
  readonly hostName: string;
  /** With the user id. */
  readonly requester: string;
  readonly agents: readonly string[];
  /** Nearest first. */
  readonly parents: readonly string[];
  readonly directory: string;
  readonly program?: string;
  readonly reason?: string;
  readonly stdin: string;
  readonly environment: readonly string[];
  readonly changeable: readonly Changeable[];
}

/** A file which the requester could change until it runs. */
export interface Changeable {
  readonly path: string;
  readonly role: Role;
  /** When it is checked again before it runs. */
  readonly sha256?: string;
  readonly size?: number;
  /** All of it, in one line. */
  readonly text: string;
}

export function facts(request: Request): Facts {
  const safe = new Safe();
  const call = request.call;
  const program = programOf(request, safe);
  return {
    ...(call !== undefined && { target: targetOf(request, call, safe) }),
    host: hostOf(request, safe),
    hostName: safe.word("the host", request.host.name),
    requester: requesterOf(request, safe),
    agents: request.agents.map((agent) => agentOf(agent, safe)),
    parents: request.parents.map((parent) => parentOf(parent, safe)),
    directory: directoryOf(request, safe),
    ...(program !== undefined && { program }),
    ...(request.reason !== undefined && { reason: reasonOf(request.reason, safe) }),
    stdin: inputOf(request.stdio[0], safe),
    environment: call === undefined ? [] : [...environmentOf(request, call, safe)],
    changeable: changeables(request, safe),
  };
}

function changeables(request: Request, safe: Safe): Changeable[] {
  const sealed = sealedIn(request);
  return request.operands.map((operand) => {
    const { path, role, content } = operand;
    return {
      path: safe.word("a changeable file", path),
      role,
      ...(content.kind === "hashed" && { sha256: content.sha256, size: content.size }),
      text: changeableOf(operand, sealed, safe),
    };
  });
}
