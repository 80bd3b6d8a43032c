import { AllocationError } from '../block.ts';

/** Something in a file that cannot be used: where, what, what was expected, what to do. */
export class FileRefused extends AllocationError {
  constructor(file: string, line: number, message: string, values: Readonly<Record<string, unknown>> = {}) {
    super('file', `${file}:${line}: ${message}`, { file, line, ...values });
  }
}
