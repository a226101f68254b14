import type { ReactNode } from 'react';
import { type ButtonProps, Button as Pressable } from 'react-aria-components';

const KINDS = {
  primary: 'bg-accent text-on-accent font-semibold hover:brightness-110',
  plain: 'border border-line-strong bg-raised hover:border-muted',
  quiet: 'text-muted hover:bg-raised hover:text-text',
  danger: 'border border-red/60 text-red hover:bg-red/10',
} as const;

interface Props extends Omit<ButtonProps, 'className' | 'children'> {
  kind?: keyof typeof KINDS;
  small?: boolean;
  className?: string;
  children: ReactNode;
}

/** A button. What it does stands in its words, or in `aria-label` when it shows a picture only. */
export function Button({ kind = 'plain', small = false, className = '', children, ...rest }: Props) {
  const size = small ? 'min-h-8 px-2.5 text-sm gap-1.5' : 'min-h-10 px-4 gap-2';
  return (
    <Pressable
      {...rest}
      className={`inline-flex select-none items-center justify-center whitespace-nowrap rounded-[10px] transition-colors disabled:cursor-default disabled:opacity-50 pending:opacity-70 ${KINDS[kind]} ${size} ${className}`}
    >
      {children}
    </Pressable>
  );
}
