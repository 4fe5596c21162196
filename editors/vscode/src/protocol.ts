// What the server and this client say to each other beyond LSP: see docs/protocol.md.
import type { LanguageClient } from "vscode-languageclient/node";
import { ExecuteCommandRequest } from "vscode-languageclient/node";

/** Commands of the server (`workspace/executeCommand`). */
export const COMMAND = {
  refine: "orps.refine",
  cancel: "orps.cancel",
  apply: "orps.apply",
  preview: "orps.preview",
  compare: "orps.compare",
  report: "orps.showReport",
  find: "orps.find",
  status: "orps.status",
  models: "orps.models",
  fetch: "orps.fetchModel",
} as const;

export const STATUS = "orps/status";
export const FINISHED = "orps/finished";
export const PROGRESS = "orps/progress";
export const TRUST = "orps/didChangeTrust";

/** One version that is offered. */
export interface Refinement {
  rank: number;
  candidate: number;
  summary: string;
}

export interface Known {
  function: string;
  job?: number | null;
  active?: unknown;
  refinements: Refinement[];
}

export interface Preview {
  title: string;
  summary: string;
  uri: string;
  version: number | null;
  original: string;
  refined: string;
}

export interface Comparison {
  title: string;
  function: string;
  uri: string;
  original: string;
  refinements: (Refinement & { code: string; critique?: string })[];
}

export interface Report {
  path: string;
  uri: string;
  title: string;
}

export interface Status {
  state: "idle" | "refining" | "fetching" | "untrusted" | "no_model" | "no_sandbox";
  message: string;
  version: string;
  model: { name: string; present: boolean; size_bytes: number } | null;
  engine: string;
  sandbox: string | null;
  running: { job: number; function: string; message: string } | null;
  waiting: number;
}

export interface Progress {
  job: number;
  uri: string;
  function: string;
  message: string;
}

export interface Finished {
  job: number;
  uri: string;
  function: string;
  state: "done" | "failed" | "cancelled";
  stop_reason: string | null;
  refinements: Refinement[];
  message: string;
}

export interface Model {
  name: string;
  title: string;
  licence: string;
  parameters_billions: number;
  size_bytes: number;
  memory_mb: number;
  present: boolean;
  default: boolean;
}

/**
 * Run a command of the server. Throws its error, which the server has shown already.
 */
export function execute<Answer>(
  client: LanguageClient,
  command: string,
  argument: object = {},
): Promise<Answer> {
  const params = { command, arguments: [argument] };
  return client.sendRequest(ExecuteCommandRequest.type, params) as Promise<Answer>;
}
