/** Letters of other scripts look like ASCII ones and some fold to them: none is taken, none is folded. */
const FORM =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

const LONGEST = 254;

/** An e-mail address as it is kept: lower-case ASCII; undefined when it is none that we take. */
export const normalEmail = (text: string): string | undefined =>
  text.length <= LONGEST && FORM.test(text) ? text.toLowerCase() : undefined;
