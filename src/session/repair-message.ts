/** What the model is told about an answer that has not the form that was asked for. */
export function repairMessage(problems: readonly string[]): string {
  const list = problems.map((problem) => `- ${problem}`).join('\n');
  return `Your answer is not the JSON that was asked for:\n${list}\nAnswer again, with the JSON only: no other text before or after it, no Markdown.`;
}
