import { types } from 'node:util';
import type { SessionSpec, SessionState } from '../protocol/messages.ts';
import { BaseImage } from '../workspace/base-image.ts';
import { OverlayWorkspace } from '../workspace/overlay-workspace.ts';
import { toolsOf, type SessionTools } from './session-tools.ts';

/** A session while it lives in this thread: its volume and its tools. A cache of the journal, never the truth. */
export interface Resident extends SessionTools {
  readonly spec: SessionSpec;
  readonly workspace: OverlayWorkspace;
  /** The step whose volume this is. */
  volumeOf: number;
}

/**
 * At once, unless a tool module has to be loaded.
 * @throws {ToolDefinitionError} when a tool module does not load or a tool is unusable
 */
export function makeResident(state: SessionState, volumeOf: number): Resident | Promise<Resident> {
  const tools = toolsOf(state.spec);
  return types.isPromise(tools)
    ? tools.then((loaded) => residentWith(loaded, state, volumeOf))
    : residentWith(tools, state, volumeOf);
}

function residentWith(
  { tools, builtIn, readers }: SessionTools,
  { spec, overlay }: SessionState,
  volumeOf: number,
): Resident {
  const workspace = new OverlayWorkspace({
    images: spec.images.map((handle) => BaseImage.open(handle)),
    changes: overlay,
    quota: spec.quota,
  });
  return { spec, workspace, tools, builtIn, readers, volumeOf };
}
