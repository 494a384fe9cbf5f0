// Results of fault cases, one JSON object a line → one Markdown table: case × Node, with the numbers.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const escaped = text => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const numbersOf = ({ numbers }) => Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
const cellOf = result =>
  result === undefined ? '–' : [result.passed ? '✓' : `✗ ${result.error ?? ''}`.slice(0, 200), ...numbersOf(result)].map(escaped).join('<br>');

/** @param {readonly { title: string, criterion: string, node: string, passed: boolean, numbers: object, error?: string }[]} results */
export function tableOf(results) {
  const nodes = [...new Set(results.map(({ node }) => node))];
  const titles = [...new Set(results.map(({ title }) => title))];
  const rows = titles.map(title => {
    const ofCase = results.filter(result => result.title === title);
    return [escaped(title), escaped(ofCase[0].criterion), ...nodes.map(node => cellOf(ofCase.findLast(result => result.node === node)))];
  });
  return [['case', 'criterion', ...nodes], ['---', '---', ...nodes.map(() => '---')], ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

export function summaryOf(results) {
  const nodes = [...new Set(results.map(({ node }) => node))];
  return nodes
    .map(node => {
      const of = results.filter(result => result.node === node);
      return `${node}: ${of.filter(({ passed }) => passed).length} of ${of.length} passed`;
    })
    .join(' · ');
}

export const readResults = path =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results = process.argv.slice(2).flatMap(readResults);
  console.log(`${tableOf(results)}\n\n${summaryOf(results)}`);
}
