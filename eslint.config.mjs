import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const noDirectTime = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Inject Clock: tests must be able to move time.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Inject Clock: tests must be able to move time.',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Inject IdGenerator.',
  },
];

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'node_modules/**',
      'coverage/**',
      'apps/api/src/generated/**',
      'test/fixtures/**',
      '.rekall/**',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts', '**/*.mts', '**/*.tsx'] })),
  {
    files: ['**/*.ts', '**/*.mts', '**/*.tsx'],
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read the environment in a config file only.' },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@nestjs/common',
              importNames: ['forwardRef', 'Scope'],
              message: 'No cycles, no request scope: pass the principal.',
            },
          ],
        },
      ],
      'max-lines': ['error', { max: 400 }],
      // Nest declares its options as classes; literals are how they are meant to be given.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    // A page for browsers, with a TypeScript of its own.
    files: ['apps/playground/**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { project: './apps/playground/tsconfig.json' } },
  },
  {
    files: ['apps/api/src/modules/**/*.service.ts', 'apps/api/src/modules/**/domain/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...noDirectTime],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@nestjs/common',
              importNames: [
                'HttpException',
                'forwardRef',
                'Scope',
                'NotFoundException',
                'ForbiddenException',
                'BadRequestException',
              ],
              message: 'Services throw DomainError.',
            },
          ],
        },
      ],
    },
  },
  {
    // The places that may read the environment or print.
    files: [
      '**/config.ts',
      '**/config/**/*.ts',
      'apps/*/src/main.ts',
      'apps/api/src/{worker,admin}.ts',
      'apps/console/src/**',
      'test/**',
      'scripts/**',
      '*.mts',
      '*.ts',
      'libs/embedded/src/**',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: [
      'apps/*/src/main.ts',
      'apps/api/src/{worker,admin}.ts',
      'apps/console/src/**',
      'scripts/**',
      'test/bench/**',
      'test/large/**',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'max-lines': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
);
