import sax from 'sax';

/** An element of an XML document; attributes are not kept. */
export interface XmlElement {
  readonly name: string;
  /** The text directly in it, as it is. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** The text is no XML, or XML of a kind that is not read. */
export class XmlError extends Error {}

/** An inventory configuration has five levels. */
const MAX_DEPTH = 8;

/** Of the entities, only the five of XML. @types/sax does not know this option. */
const OPTIONS: sax.SAXOptions & { strictEntities: boolean } = { strictEntities: true };

/**
 * Reads a small XML document. Document types are rejected, and only the five entities of XML and character references are
 * known, so a document cannot grow when it is read.
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

/** The first child of a name. */
export function child(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((one) => one.name === name);
}
