import { describe, expect, it } from 'vitest';
import { editedAt, refusal } from './edited.ts';

describe('lookalikes', () => {
  it('are found in either direction', () => {
    expect(editedAt('lookalikes', 'say(“hi”)\nend\n', 'say("hi")\nend', 'say("hi")\nstop')).toBe(
      'say(“hi”)\nstop\n',
    );
    expect(editedAt('lookalikes', "a('x')\nb('y')\n", 'a(‘x’)\nb(‘y’)', 'a(‘x’)\nc(‘z’)')).toBe(
      "a('x')\nc('z')\n",
    );
    expect(editedAt('lookalikes', 'a – b\u00a0c\n', 'a - b c', 'a - b d')).toBe('a – b\u00a0d\n');
    expect(editedAt('lookalikes', 'a\u200bb c\n', 'ab c', 'ab d')).toBe('a\u200bb d\n');
  });

  it('stay as they are in lines that the edit keeps, and in what a changed line keeps', () => {
    const file = '// don’t\nrun(1);\n// it’s “so”\n';
    expect(editedAt('lookalikes', file, "// don't\nrun(1);\n", "// don't\nrun(2);\n")).toBe(
      '// don’t\nrun(2);\n// it’s “so”\n',
    );
    expect(editedAt('lookalikes', file, "// don't\nrun(1)", "// don't ever\nrun(1)")).toBe(
      '// don’t ever\nrun(1);\n// it’s “so”\n',
    );
  });

  it('do not make one line of two kinds of quotes', () => {
    expect(editedAt('lookalikes', 'say “a” now\n', 'say "a" now', 'say "b", "c" now')).toBe(
      'say "b", "c" now\n',
    );
  });

  it('do not make two dashes of two kinds', () => {
    expect(editedAt('lookalikes', 'a — b – c\n', 'a - b - c', 'a -- b - c')).toBe('a -- b – c\n');
    expect(editedAt('lookalikes', 'xa—\n', 'xa-', 'x--')).toBe('x--\n');
    expect(editedAt('lookalikes', 'a –x– b\n', 'a -x- b', 'a -- b')).toBe('a –– b\n');
  });

  it('of the model mean what they stood for, in its new lines too; plain ones of the model stay plain', () => {
    expect(editedAt('lookalikes', 'p("a")\n', 'p(“a”)', 'p(“a”)\np(“b”)')).toBe('p("a")\np("b")\n');
    expect(editedAt('lookalikes', 'don’t\n', "don't", "don't\np('x')")).toBe("don’t\np('x')\n");
    // It is in the file with both meanings: what a new one means cannot be told.
    expect(editedAt('lookalikes', "’a' x\n", '’a’ x', '’a’ x\n’')).toBe("’a' x\n’\n");
  });

  it('make no text unique that is there twice', () => {
    expect(refusal('“a” b\n"a" b\n', '”a“ b', 'x')).toMatch(
      /occurs 2 times without regard to .*\(lines 1, 2\)/,
    );
    expect(editedAt('exact', '“a” b\n"a" b\n', '"a" b', 'x')).toBe('“a” b\nx\n');
  });

  it('include line breaks that a model writes as CRLF', () => {
    expect(editedAt('lookalikes', 'a\nb\nc\n', 'a\r\nb', 'a\r\nx\r\ny')).toBe('a\nx\ny\nc\n');
  });

  it('leave the byte order mark where it is', () => {
    expect(editedAt('lookalikes', '\ufeff“a”\nb\n', '"a"\nb', '"a"\nc')).toBe('\ufeff“a”\nc\n');
  });

  it('are not what a text consists of', () => {
    expect(refusal('a b\n', '\u00a0', 'x')).toContain('not found');
    expect(refusal('a\n', '\u200b', 'x')).toContain('not found');
  });
});

describe('blanks at the ends of lines', () => {
  it('do not count on either side', () => {
    expect(editedAt('trailing-blanks', 'a  \nb\t\nc\n', 'a\nb\nc', 'a\nx\nc')).toBe('a  \nx\t\nc\n');
    expect(editedAt('trailing-blanks', 'a\nb\nc\n', 'a \nb  \nc', 'a \nx  \nc')).toBe('a\nx\nc\n');
    expect(editedAt('trailing-blanks', 'a\n   \nb\n', 'a\n\nb', 'a\n\nc')).toBe('a\n   \nc\n');
    expect(editedAt('trailing-blanks', 'a\r\n \r\nb\r\n', 'a\n\nb', 'a\n\nc\nd')).toBe(
      'a\r\n \r\nc\r\nd\r\n',
    );
  });

  it('are what the new text says in lines that it changes there', () => {
    expect(editedAt('trailing-blanks', 'a \nb \nc\n', 'a\nb\nc', 'a\nb  \nc')).toBe('a \nb  \nc\n');
  });

  it('are part of what is replaced where the text ends in some', () => {
    expect(editedAt('trailing-blanks', 'one\t\ntwo\n', 'one  ', 'uno')).toBe('uno\ntwo\n');
    expect(refusal('one two\n', 'one  ', 'uno')).toContain('not found');
    expect(editedAt('trailing-blanks', 'one\n\ntwo\n', 'one\n   ', 'uno')).toBe('uno\ntwo\n');
    expect(refusal('one \ntwo\n', 'one\n   ', 'uno')).toContain('not found');
  });

  it('count at the end of the text where they are within a line', () => {
    expect(editedAt('trailing-blanks', 'one\ntwo three\n', 'one \ntwo ', 'one \nno ')).toBe(
      'one\nno three\n',
    );
  });

  it('at the beginning mean a line of blanks', () => {
    expect(editedAt('trailing-blanks', 'x\n\none\n', '  \none', 'uno')).toBe('x\nuno\n');
    expect(refusal('x\none\n', '  \none', 'uno')).toContain('not found');
  });

  it('go where a line is joined to the next one', () => {
    expect(editedAt('trailing-blanks', 'a  \nb \nc\n', 'a\nb\n', 'a\nb, ')).toBe('a  \nb, c\n');
  });

  it('include a last line break that the file lacks, and it stays without', () => {
    expect(editedAt('trailing-blanks', 'a\nb', 'b\n', 'c\n')).toBe('a\nc');
    expect(editedAt('trailing-blanks', 'a\r\nb', 'b\n', 'c\nd\n')).toBe('a\r\nc\r\nd');
    expect(editedAt('trailing-blanks', 'a\nb', 'b\n', '')).toBe('a\n');
  });
});

describe('a block that is indented otherwise', () => {
  const file = 'class A {\n    if (x) {\n        run(now);\n    }\n}\n';

  it('is found, and the new text is indented as the file is', () => {
    const deeper = '      if (x) {\n          run(now);\n      }\n';
    const flatter = 'if (x) {\n    run(now);\n}';
    expect(
      editedAt('indentation', file, deeper, '      walk();\n      if (y) {\n          stop();\n      }\n'),
    ).toBe('class A {\n    walk();\n    if (y) {\n        stop();\n    }\n}\n');
    expect(editedAt('indentation', file, flatter, 'if (y) {\n    run(now);\n    stop();\n}')).toBe(
      'class A {\n    if (y) {\n        run(now);\n        stop();\n    }\n}\n',
    );
    expect(editedAt('indentation', file, '   run(now);', '   walk();\n   stop();')).toBe(
      'class A {\n    if (x) {\n        walk();\n        stop();\n    }\n}\n',
    );
    expect(editedAt('indentation', file, deeper, '')).toBe('class A {\n}\n');
  });

  it('may be indented by tabs in the file and by spaces in the text, or the other way round', () => {
    const tabbed = 'a {\n\tif (x) {\n\t\trun(now);\n\t}\n}\n';
    expect(
      editedAt(
        'indentation',
        tabbed,
        '  if (x) {\n    run(now);\n  }',
        '  if (x) {\n    if (y) {\n      run(now);\n    }\n  }',
      ),
    ).toBe('a {\n\tif (x) {\n\t\tif (y) {\n\t\t\trun(now);\n\t\t}\n\t}\n}\n');
    expect(
      editedAt(
        'indentation',
        file,
        '\tif (x) {\n\t\trun(now);\n\t}',
        '\tif (x) {\n\t\trun(now);\n\t\tstop();\n\t}',
      ),
    ).toBe('class A {\n    if (x) {\n        run(now);\n        stop();\n    }\n}\n');
    expect(
      editedAt(
        'indentation',
        tabbed,
        '        run(now);',
        '        if (z) {\n            run(now);\n        }',
      ),
    ).toBe('a {\n\tif (x) {\n\t\tif (z) {\n\t\t\trun(now);\n\t\t}\n\t}\n}\n');
    // Stars of a comment are aligned by one space, which is no depth.
    expect(
      editedAt(
        'indentation',
        '\t/**\n\t * Runs.\n\t */\n\trun();\n',
        '    /**\n     * Runs.\n     */',
        '    /**\n     * Runs.\n     * Fast.\n     */',
      ),
    ).toBe('\t/**\n\t * Runs.\n\t * Fast.\n\t */\n\trun();\n');
    // A flat text does not tell what a tab is; its new lines tell what they indent by.
    expect(
      editedAt(
        'indentation',
        '\tfirst();\n\tsecond();\n',
        'first();\nsecond();\n',
        'if (x) {\n  first();\n}\nsecond();\n',
      ),
    ).toBe('\tif (x) {\n\t\tfirst();\n\t}\n\tsecond();\n');
  });

  it('keeps the lines that do not change as they are, whatever blanks and quotes they have', () => {
    const mixed = '  // don’t  \r\n\t\r\n  first(one);\n  second(two);\r\n';
    expect(
      editedAt(
        'indentation',
        mixed,
        "// don't\n\nfirst(one);\nsecond(two);",
        "// don't\n\nfirst(one);\nthird();\nsecond(2);",
      ),
    ).toBe('  // don’t  \r\n\t\r\n  first(one);\n  third();\r\n  second(2);\r\n');
  });

  it('has one shape: lines that are moved by different amounts are no match', () => {
    expect(
      refusal('if a:\n    run(now)\nstop(now)\n', '  if a:\n      run(now)\n      stop(now)', 'x'),
    ).toContain('not found');
    expect(refusal('\tif a:\n\t\trun(now)\n', '  if a:\n  run(now)', 'x')).toContain('not found');
  });

  it('is refused when it is there more than once, at whatever depths', () => {
    const twice = 'if (x) {\n  run(now);\n}\n  if (x) {\n    run(now);\n  }\n';
    expect(refusal(twice, '    if (x) {\n      run(now);\n    }', 'y')).toMatch(
      /occurs 2 times without regard to .*\(lines 1, 4\)/,
    );
    expect(editedAt('indentation', twice, '    if (x) {\n      run(now);\n    }', '    y();', true)).toBe(
      'y();\n  y();\n',
    );
    // As it is written it is there once.
    expect(editedAt('exact', twice, '\n  if (x) {\n    run(now);\n  }', '')).toBe(
      'if (x) {\n  run(now);\n}\n',
    );
  });

  it('is indented by the steps that the new text, or else the file, goes by', () => {
    const tabs = '\tfirst(1);\n\tsecond(2);\n';
    const deep = '        first(1);\n            third();\n        second(2);\n';
    expect(editedAt('indentation', tabs, '        first(1);\n        second(2);\n', deep)).toBe(
      '\tfirst(1);\n\t\tthird();\n\tsecond(2);\n',
    );

    const spaces = 'a {\n    b {\n        first(1);\n        second(2);\n    }\n}\n';
    const added = spaces.replace('        second', '            third();\n        second');
    expect(
      editedAt(
        'indentation',
        spaces,
        '\tfirst(1);\n\tsecond(2);\n',
        '\tfirst(1);\n\t\tthird();\n\tsecond(2);\n',
      ),
    ).toBe(added);
    expect(
      editedAt('indentation', spaces, 'first(1);\nsecond(2);', 'first(1);\n\tthird();\nsecond(2);'),
    ).toBe(added);
  });

  it('consists of whole lines', () => {
    expect(refusal(file, '  if (x) {\n      run(', 'y')).toContain('not found');
    expect(refusal(file, '  class A {\n      if (x', 'y')).toContain('not found');
  });

  it('is more than brackets, blanks, or one short line', () => {
    expect(refusal('  {\n    }\n', '{\n  }', 'y')).toContain('not found');
    expect(refusal('    return;\n', '          return;', 'y')).toContain('not found');
    expect(refusal('a\n\t\n', '   \n', 'y')).toContain('not found');
  });

  it('is refused when a new line would have to be left of the margin', () => {
    expect(refusal(file, '      if (x) {\n          run(now);\n      }', ' walk();')).toMatch(
      /^old_string is at line 2 with another indentation, and a line of new_string is indented too little/,
    );
  });

  it('can be at the end of a file without a last line break', () => {
    expect(
      editedAt('indentation', '{\n    first(one);', '  first(one);\n', '  second();\n  third();\n'),
    ).toBe('{\n    second();\n    third();');
  });

  it('is no other line than the one that has the text in it', () => {
    const file = '    } else {\n\t}\n';
    expect(refusal(file, '  }', '  }\n  done();')).toMatch(
      /begins within the indentation of line 1, and with another indentation it is line 2/,
    );
    expect(refusal('    foo(1) + 2\n\tfoo(1)\n', '  foo(1)', '  bar(1)')).toContain('line 2');
  });

  it('is asked of the lines that a text is with replace_all; where it is a part of one it is replaced too', () => {
    const file = '    foo();\n    x = foo();\n\tfoo(); foo();\n';
    expect(editedAt('indentation', file, 'foo();', 'foo();\nbar();', true)).toBe(
      '    foo();\n    bar();\n    x = foo();\nbar();\n\tfoo();\nbar(); foo();\nbar();\n',
    );
    // Of another depth is no place where the text is.
    expect(editedAt('indentation', '    foo();\n\tfoo();\n', '  foo();', '  a();\n  b();', true)).toBe(
      '    a();\n    b();\n\tfoo();\n',
    );
    expect(refusal('    foo();\n    foo() + 1;\n', '  foo()', '  a();\n  b()', true)).toMatch(
      /in line 1, but begins within its indentation/,
    );
  });

  it('is not asked of what cannot be seen', () => {
    expect(editedAt('exact', '    \u200b\n', '\u200b', 'a\nb')).toBe('    a\nb\n');
  });
});
