/**
 * What a terminal shows and cannot be steered by: control sequences (CSI, OSC with links and clipboard, DCS, C1) are
 * taken out whole, as are all other controls but newline and tab, and marks that turn the reading direction.
 */
export function printable(text: string): string {
  const filter = new PrintableFilter();
  return filter.push(text);
}

/** {@link printable} on one line: for names in the middle of our own text. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t]+/g, ' ');
}

/**
 * - `ground` — text
 * - `escape` — after ESC; `csi` — after ESC [ until a final byte
 * - `string` — in an OSC, DCS, SOS, PM or APC until its terminator; `string-escape` — after ESC in one
 */
type State = 'ground' | 'escape' | 'csi' | 'string' | 'string-escape';

const ESC = 0x1b;
const CSI = 0x9b;
const ST = 0x9c;
/** DCS, SOS, OSC, PM, APC. */
const C1_STRINGS = [0x90, 0x98, 0x9d, 0x9e, 0x9f];
const ESC_STRINGS = 'PX]^_';
const SUSPICIOUS = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
const INVISIBLE = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** {@link printable} for text that arrives in pieces: a sequence may be cut anywhere between them. */
export class PrintableFilter {
  #state: State = 'ground';

  push(chunk: string): string {
    if (this.#state === 'ground' && !SUSPICIOUS.test(chunk)) return chunk;
    let out = '';
    for (let i = 0; i < chunk.length; i++) {
      if (this.#next(chunk.charCodeAt(i))) out += chunk[i]!;
    }
    return out;
  }

  /** Takes one UTF-16 unit; whether it is to be shown. */
  #next(code: number): boolean {
    switch (this.#state) {
      case 'ground':
        return this.#ground(code);
      case 'escape':
        return this.#escape(code);
      case 'csi':
        if (code >= 0x20 && code <= 0x3f) return false;
        this.#state = 'ground';
        // A final byte belongs to the sequence; anything else has broken it off.
        return code >= 0x40 && code <= 0x7e ? false : this.#ground(code);
      case 'string':
        return this.#string(code);
      case 'string-escape':
        this.#state = 'ground';
        return code === 0x5c ? false : this.#escape(code);
    }
  }

  #ground(code: number): boolean {
    if (code === 0x0a || code === 0x09) return true;
    if (code === ESC) this.#state = 'escape';
    else if (code === CSI) this.#state = 'csi';
    else if (C1_STRINGS.includes(code)) this.#state = 'string';
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false;
    return !INVISIBLE.test(String.fromCharCode(code));
  }

  #escape(code: number): boolean {
    this.#state = 'ground';
    if (code === ESC || (code >= 0x20 && code <= 0x2f)) this.#state = 'escape';
    else if (code === 0x5b) this.#state = 'csi';
    else if (ESC_STRINGS.includes(String.fromCharCode(code))) this.#state = 'string';
    else if (code < 0x20 || code > 0x7e) return this.#ground(code);
    return false;
  }

  #string(code: number): boolean {
    // A line's end closes it too, although terminals go on: text must not be able to hide all that follows it.
    if (code === 0x0a) return this.#end(true);
    if (code === 0x07 || code === ST || code === 0x18 || code === 0x1a) return this.#end(false);
    if (code === ESC) this.#state = 'string-escape';
    return false;
  }

  #end(isShown: boolean): boolean {
    this.#state = 'ground';
    return isShown;
  }
}
