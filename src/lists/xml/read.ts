import sax from 'sax';

/** An element of an XML document, without its attributes. */
export interface XmlElement {
  readonly name: string;
  /** The text directly in the element, with its blanks. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** The text is not XML, or uses XML that this service does not support. */
export class XmlError extends Error {}

/** An inventory configuration has five levels. */
const MAX_DEPTH = 8;

/** The parser knows only the five entities of XML. @types/sax does not have this option. */
const OPTIONS: sax.SAXOptions & { strictEntities: boolean } = { strictEntities: true };

/**
 * Reads a small XML document. Rejects document types. Knows only character references and the five entities of XML, so a document cannot
 * expand when it is read.
 *
 * @throws XmlError
 */
export function parseXml(document: string): XmlElement {
  const parser = sax.parser(true, OPTIONS);
  const open: { name: string; text: string; children: XmlElement[] }[] = [];
  const roots: XmlElement[] = [];
  parser.onerror = (error) => {
    throw new XmlError(`The document is not XML: ${error.message.replaceAll('\n', ', ')}.`);
  };
  parser.ondoctype = () => {
    throw new XmlError('The document has a document type (DOCTYPE), which is not accepted.');
  };
  parser.onopentag = ({ name }) => {
    if (open.length === MAX_DEPTH) throw new XmlError(`The document has more than ${MAX_DEPTH} levels of elements.`);
    open.push({ name, text: '', children: [] });
  };
  parser.ontext = parser.oncdata = (text) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.onclosetag = () => {
    const closed = open.pop();
    if (closed === undefined) return;
    (open.at(-1)?.children ?? roots).push(closed);
  };
  parser.write(document).close();
  const [root, other] = roots;
  if (root === undefined || other !== undefined)
    throw new XmlError('The document is not XML: it needs one root element.');
  return root;
}

/** Returns the first child with the name. */
export function child(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((one) => one.name === name);
}
