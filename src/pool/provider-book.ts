import { createHash } from 'node:crypto';
import { BUILT_IN_PROVIDERS, resolveModel } from '../model/providers.ts';
import { providerSecrets } from '../model/provider-secrets.ts';
import type { LaneId } from '../gate/admission.ts';
import { Redactor } from '../redactor.ts';
import type { ProviderOptions, ResolvedProvider } from '../model/model.ts';
import { Recording, type RecordOptions } from '../model/recording/recording.ts';

/** The models that a session may ask, as `provider:name`. */
export interface ModelNames {
  readonly model: string;
  readonly fallback?: readonly string[];
}

/** Providers as they were when a session first named them. The one place on the coordinator's side that holds keys. */
export class ProviderBook {
  readonly #options: Readonly<Record<string, ProviderOptions>>;
  /** Models that need not be looked at again. */
  readonly #admitted = new Set<string>();
  readonly #resolved = new Map<string, ResolvedProvider>();
  readonly #lanes = new Map<string, LaneId>();
  /** Models whose provider has refused a schema. */
  readonly #withoutSchema = new Set<string>();
  /** Knows the credentials of every provider that is configured, whether or not a session has named it. */
  readonly redactor = new Redactor();
  /** What their exchanges are kept in. */
  readonly recording: Recording | undefined;

  /** @throws {RecordingError} when nothing can be recorded where `record` says */
  constructor(options: Readonly<Record<string, ProviderOptions>>, record?: RecordOptions) {
    this.#options = options;
    // A replay has no credentials; those of the provider that it stands for were redacted when it was recorded.
    const asked = Object.entries(options).filter(([, { replay }]) => replay === undefined);
    for (const name of new Set([...BUILT_IN_PROVIDERS, ...asked.map(([name]) => name)])) {
      try {
        const { provider } = resolveModel(`${name}:any`, Object.fromEntries(asked), process.env);
        this.redactor.learn(providerSecrets(provider));
      } catch {
        // Not usable, for want of a key perhaps: said when a session names it.
      }
    }
    if (record) this.recording = Recording.open(record, this.redactor);
  }

  /** Makes sure that a model can be called. @throws `unknown_provider`, `missing_key`, `invalid_option` */
  admit(model: string): void {
    if (this.#admitted.has(model)) return;
    const { provider } = resolveModel(model, this.#options, process.env);
    if (!this.#resolved.has(provider.name)) this.#resolved.set(provider.name, this.#recorded(provider));
    this.recording?.admit(model, this.get(provider.name));
    this.#admitted.add(model);
  }

  /** The same for all the models that a session may ask. */
  admitAll({ model, fallback = [] }: ModelNames): void {
    for (const one of [model, ...fallback]) this.admit(one);
  }

  /** Where a provider is; undefined for one that was not admitted. */
  baseURLOf(name: string): string | undefined {
    return this.#resolved.get(name)?.baseURL;
  }

  /** A provider that was admitted. */
  get(name: string): ResolvedProvider {
    const provider = this.#resolved.get(name);
    if (!provider) throw new TypeError(`provider ${name} was not admitted`);
    return provider;
  }

  /** Where requests to a model stand in line: with those that have the same URL, key and name. */
  lane(model: string): LaneId {
    const known = this.#lanes.get(model);
    if (known) return known;
    const { baseURL, apiKey, name: provider, tape } = this.get(model.slice(0, model.indexOf(':')));
    const name = model.slice(provider.length + 1);
    const key = createHash('sha256')
      .update(JSON.stringify([baseURL, apiKey, name]))
      .digest('base64');
    const own = Object.hasOwn(this.#options, provider) ? this.#options[provider] : undefined;
    const isReplayed = tape?.mode === 'replay';
    const lane = { key, provider, model: name, limits: own?.limits ?? {}, isReplayed };
    this.#lanes.set(model, lane);
    return lane;
  }

  /** Whether the model's provider may be sent the schema of an answer; until it refuses one. */
  takesSchema(model: string): boolean {
    return !this.#withoutSchema.has(model);
  }

  /** From now on the model is told in words what its answer is to be. */
  schemaRefused(model: string): void {
    this.#withoutSchema.add(model);
  }

  #recorded(provider: ResolvedProvider): ResolvedProvider {
    return this.recording ? { ...provider, tape: this.recording.tape } : provider;
  }
}
