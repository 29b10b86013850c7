/**
 * Takes secrets out of a text that is logged or shown: `public/<secret>/` becomes `public/***` + `/`, signatures in
 * signed URLs and passwords in addresses become `***`.
 */
export const redact = (text: string): string =>
  text
    .replace(/(?<![A-Za-z0-9_.!-])(public(?:\/|%2[Ff]))[0-9A-Fa-f]{16,}/g, '$1***')
    .replace(/(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"'<>]+/gi, '$1***')
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s@"'<>]+@/gi, '$1***@');
