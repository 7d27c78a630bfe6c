import type { NounDocs } from '../../http/operation-docs.js';
import { closed, links } from '../shapes.js';
import { resourceClassBody } from './schema.js';

const resourceClass = closed({
  name: { type: 'string', pattern: '^[A-Z0-9_]+$', maxLength: 255 },
  links: links('/resource_classes/[A-Z0-9_]+'),
});
const NO_CLASS = 'There is no such resource class.';

export const resourceClassDocs: NounDocs = {
  'GET /resource_classes': {
    id: 'listResourceClasses',
    summary: 'List resource classes',
    about: 'The standard classes and the custom ones.',
    responses: {
      200: {
        about: 'All of them.',
        body: closed({ resource_classes: { type: 'array', items: resourceClass } }),
        cached: 'dated',
      },
    },
    errors: {},
  },
  'POST /resource_classes': {
    id: 'createResourceClass',
    summary: 'Create a custom resource class',
    about: 'Its name is `CUSTOM_` and at least one of `A-Z`, `0-9` and `_`.',
    body: () => resourceClassBody.schema,
    responses: { 201: { about: 'Created.', location: true } },
    errors: { 400: 'The body does not match its schema.', 409: 'There is a class of this name.' },
  },
  'GET /resource_classes/:name': {
    id: 'showResourceClass',
    summary: 'Show a resource class',
    about: 'There is little to show but that it exists.',
    responses: { 200: { about: 'The class.', body: resourceClass, cached: 'dated' } },
    errors: { 404: NO_CLASS },
  },
  'PUT /resource_classes/:name': {
    id: 'ensureResourceClass',
    changes: ['resourceClassUpsert'],
    summary: 'Create a custom resource class if it is not there',
    about:
      'From 1.7 on a body is ignored, and the name in the path is the name of the class. Before, the body has a new name ' +
      'for the class in the path.',
    body: (version) => (version.has('resourceClassUpsert') ? null : resourceClassBody.schema),
    responses: {
      200: { about: 'The class under its new name.', body: resourceClass, until: '1.6' },
      201: { about: 'Created.', location: true, since: '1.7' },
      204: { about: 'It was there already.', location: true, since: '1.7' },
    },
    errors: {
      400: 'That is no name for a custom class. Before 1.7: the body does not match its schema, or the class is a standard one.',
      404: 'Before 1.7: there is no such resource class.',
      409: 'Before 1.7: another class has the new name.',
    },
  },
  'DELETE /resource_classes/:name': {
    id: 'deleteResourceClass',
    summary: 'Delete a custom resource class',
    about: 'Only when there is no inventory of it.',
    responses: { 204: { about: 'It is gone.' } },
    errors: { 400: 'A standard class cannot be deleted.', 404: NO_CLASS, 409: 'There is inventory of it.' },
  },
};
