/** Skein: many coding-agent sessions in one Node program. The public surface, named exports only. */

export { SessionPool, DEFAULT_MAX_TURNS, type PoolStats } from './pool/pool.ts';
export type { ThreadHealth } from './threads/step-runner.ts';
export { DEFAULT_MODEL } from './pool/assemble.ts';
export { Session, type SessionStatus } from './pool/session.ts';
export type { SessionStateName } from './pool/session-state.ts';
export type {
  CancelOptions,
  CloseOptions,
  ContextOptions,
  ForkOptions,
  LimitOptions,
  LoopOptions,
  ModelThreadOptions,
  PoolOptions,
  PromptOptions,
  ResumeOptions,
  SessionOptions,
  StreamOptions,
  TelemetryOptions,
  ThreadOptions,
  UndoOptions,
} from './pool/options.ts';
export type { Recovery, RecoverMode } from './pool/recovery.ts';
export { Snapshot, type SnapshotRef } from './pool/snapshot.ts';
export { PromptResult } from './pool/prompt-result.ts';
export type { PromptContent, PromptPart } from './pool/prompt-content.ts';
export type { SessionEvent, SessionEventBody } from './pool/events.ts';
export type { PoolEvent, PoolEventBody } from './pool/pool-event.ts';
export type { PoolListener } from './pool/pool-observer.ts';
export { estimateTokens } from './context/estimate.ts';
export type { Compaction } from './context/compaction.ts';
export type { CompactionKind, JournalEntry, PromptError, StopReason } from './journal/entries.ts';
export type { JournalStore, StoredSession } from './journal/store.ts';
export { openSqliteStore, type SqliteStoreOptions } from './journal/sqlite-store.ts';
export type { ContentPart, KeptReasoning, Message, ModelSource, UserContent } from './model/message.ts';
export type {
  Cost,
  CostBasis,
  FinishReason,
  Priority,
  ProviderLimits,
  ProviderOptions,
  Usage,
} from './model/model.ts';
export type {
  BudgetAction,
  BudgetMeasure,
  BudgetOptions,
  BudgetScope,
  ReachedBudget,
} from './protocol/budget.ts';
export type { BudgetStatus, Spending } from './gate/budget.ts';
export type { WaitReason } from './gate/admission.ts';
export type { BreakerState } from './gate/breaker.ts';
export type { LaneStats } from './gate/lane-stats.ts';
export type { FailedAttempt } from './journal/failed-attempts.ts';
export type { ModelPrice, PriceTable } from './gate/prices.ts';
export type { ApiName, QuirkOptions, Quirks } from './model/quirks.ts';
export type { RecordOptions } from './model/recording/recording.ts';
export { readRecording, type RecordingSummary } from './model/recording/read-recording.ts';
export { baseImage } from './workspace/make-base-image.ts';
export type { BaseImage } from './workspace/base-image.ts';
export type { ChangeSummary, FileDifference } from './workspace/files-view.ts';
export { WorkspaceDiff } from './workspace/workspace-diff.ts';
export { WorkspaceView } from './workspace/workspace-view.ts';
export type { ApplyOptions, ApplyReport } from './workspace/apply-changes.ts';
export type { AppliedFile, ConflictRule } from './workspace/apply-plan.ts';
export { mergeWorkspaces, type MergedWorkspaces } from './workspace/merge-workspaces.ts';
export type {
  ConflictHunk,
  MergeConflict,
  MergeConflictKind,
  MergedChange,
} from './workspace/merge-changes.ts';
export type { FilesInput } from './workspace/from-files.ts';
export type { Workspace, WorkspaceStat } from './workspace/workspace.ts';
export type { JsonSchema, Tool, ToolCall, ToolContext, ToolResult } from './tools/tool.ts';
export { namedTools } from './tools/presets.ts';
export { ToolSet } from './tools/tool-set.ts';
export { runCall } from './tools/run-call.ts';
export { OverlayWorkspace } from './workspace/overlay-workspace.ts';
export { findSkill, type Skill, type SkillWarning } from './skills/skill.ts';
export { parseSkill } from './skills/parse-skill.ts';
export { loadSkills } from './skills/load-skills.ts';
export { validateSkill } from './skills/validate-skill.ts';
export { skillCatalog } from './skills/catalog.ts';
export * from './errors.ts';
export { CodingAgent, type CodingAgentOptions, type MessageOutcome } from './coding-agent.ts';
export {
  startScriptedModel,
  type ScriptedModelOptions,
  type ScriptedModelServer,
} from './model/scripted/server.ts';
export type { ScriptedModelScript } from './model/scripted/script.ts';
export type { RequestCounts, ScriptedModelStats } from './model/scripted/server-stats.ts';
export { parseBenchPlan } from './bench/parse-plan.ts';
export { runBench, type BenchOptions } from './bench/run-bench.ts';
export type { BenchEvent } from './bench/bench-event.ts';
export type { BenchCheck, CommandCheck, FileCheck } from './bench/check.ts';
export type {
  Arrival,
  BenchFiles,
  BenchInput,
  BenchPlan,
  BenchPool,
  BenchScenario,
  BenchTarget,
  Extent,
  OpenArrival,
} from './bench/plan.ts';
export type {
  BenchMachine,
  BenchMark,
  BenchMarkCode,
  BenchSimulation,
  BenchResources,
  BenchResult,
  Distribution,
  Measures,
  PromptSample,
  TargetResult,
  TimelineSample,
} from './bench/result.ts';
