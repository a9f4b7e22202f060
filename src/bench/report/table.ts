import { join, markup, type Html } from '../../html/markup.ts';

/** A table whose first column names the row; the others are figures. */
export function dataTable(head: readonly string[], rows: readonly (readonly (string | Html)[])[]): Html {
  const [corner = '', ...columns] = head;
  return markup`<div class="scroll"><table>
<thead><tr><th scope="col">${corner}</th>${join(columns.map((name) => markup`<th scope="col" class="num">${name}</th>`))}</tr></thead>
<tbody>
${join(rows.map(dataRow))}</tbody>
</table></div>`;
}

function dataRow([name = '', ...cells]: readonly (string | Html)[]): Html {
  return markup`<tr><th scope="row">${name}</th>${join(cells.map((cell) => markup`<td class="num">${cell}</td>`))}</tr>
`;
}
