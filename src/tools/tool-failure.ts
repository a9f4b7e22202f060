/**
 * A tool cannot do what it was asked; the message is for the model, which sees it as `Error: <message>`.
 * Any other throw has the same effect: this one says that it was expected.
 */
export class ToolFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ToolFailure';
  }
}
