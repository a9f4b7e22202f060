/** Whether it is whole. Empty arguments are: a tool without parameters is called with none. */
export function isWholeJson(text: string): boolean {
  if (text === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The beginning of a JSON text: what is malformed otherwise is the model's own fault, and the tool tells it so. */
export function isCutJson(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    const reason = String((error as Error).message);
    const at = /at position (\d+)/.exec(reason);
    const endsEarly = at !== null && Number(at[1]) >= text.length;
    return endsEarly || /Unexpected end|Unterminated/.test(reason);
  }
}
