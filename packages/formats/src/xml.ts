/**
 * XML documents of meters and operators as a tree, namespaces resolved to local names: operators change prefixes and
 * versions of their schemas more often than the names in them. Entities other than XML's own five are refused, so
 * nothing in a document can grow or be fetched.
 */
import { DaiseeError, messageOf } from '@daisee/units';
import { SaxesParser } from 'saxes';

/** Thrown for a text that is no well-formed XML. */
export class XmlMalformed extends DaiseeError {
  constructor(problem: string, line: number, cause?: unknown) {
    super({
      code: 'formats.xml-malformed',
      message: `line ${line}: ${problem}; expected a whole XML document: was the file cut off?`,
      retryable: false,
      values: { line, problem },
      cause,
    });
  }
}

export interface XmlElement {
  /** Local name, without prefix. */
  readonly name: string;
  readonly namespace: string;
  /** By local name. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text, as it stands. */
  readonly text: string;
  /** Line of its start tag in the document, from 1. */
  readonly line: number;
}

interface Growing {
  name: string;
  namespace: string;
  attributes: Record<string, string>;
  children: Growing[];
  text: string;
  line: number;
}

/** Deeper than any of these formats. */
const DEEPEST = 64;

/** Reads a document. @throws XmlMalformed */
export const parseXml = (text: string): XmlElement => {
  const parser = new SaxesParser({ xmlns: true });
  const open: Growing[] = [];
  let root: Growing | undefined;
  parser.on('error', (error) => {
    throw new XmlMalformed(messageOf(error), parser.line, error);
  });
  parser.on('opentag', (tag) => {
    if (open.length >= DEEPEST)
      throw new XmlMalformed(`elements inside elements, more than ${DEEPEST} deep`, parser.line);
    const attributes: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const { local, value, prefix } of Object.values(tag.attributes))
      if (prefix !== 'xmlns' && local !== 'xmlns') attributes[local] = value;
    const element: Growing = {
      name: tag.local,
      namespace: tag.uri,
      attributes,
      children: [],
      text: '',
      line: parser.line,
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  const add = (piece: string): void => {
    const element = open.at(-1);
    if (element) element.text += piece;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  // A mark of the byte order is no character of the document.
  parser.write(text.codePointAt(0) === 0xfeff ? text.slice(1) : text).close();
  if (!root) throw new XmlMalformed('there is no element', parser.line);
  return root;
};

/** Children of a name, in order. */
export const childrenOf = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((child) => child.name === name) ?? [];

/** The first child of a name. */
export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name);

/** The text at a path of names, without the white space around it; undefined where it is not or is empty. */
export const textAt = (element: XmlElement | undefined, ...path: readonly string[]): string | undefined => {
  let at = element;
  for (const name of path) at = childOf(at, name);
  return at?.text.trim() || undefined;
};

/** Every element of a name below one, itself included, in the document's order. */
export const everyElement = function* (element: XmlElement, name: string): Generator<XmlElement, void> {
  if (element.name === name) yield element;
  for (const child of element.children) yield* everyElement(child, name);
};
