// What refuses evidence: a stable code, and the parameters of its sentence (docs/reference/errors.md).

export class Refused extends Error {
  constructor(code, params = {}) {
    super(code);
    this.code = code;
    this.params = params;
  }
}

export function refuse(code, params) {
  throw new Refused(code, params);
}
