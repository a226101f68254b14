import type { ReactNode } from 'react';
import { MenuItem, MenuTrigger, Popover, Menu as Rows } from 'react-aria-components';

export interface Choice {
  id: string;
  label: ReactNode;
  /** What is read out and typed to, where the label is no text. */
  text?: string;
  onAction: () => void;
  isDisabled?: boolean;
}

/** A button (`trigger`) that opens a list of things to do. */
export function Menu({ label, trigger, choices }: { label: string; trigger: ReactNode; choices: Choice[] }) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className="card z-50 max-h-80 min-w-48 overflow-y-auto bg-raised p-1 shadow-xl">
        <Rows aria-label={label} className="outline-none" items={choices}>
          {(choice) => (
            <MenuItem
              id={choice.id}
              textValue={choice.text ?? (typeof choice.label === 'string' ? choice.label : choice.id)}
              onAction={choice.onAction}
              isDisabled={choice.isDisabled ?? false}
              className="flex cursor-pointer items-center gap-2 rounded-lg px-3 py-2 outline-none data-[focused]:bg-line data-[disabled]:opacity-50"
            >
              {choice.label}
            </MenuItem>
          )}
        </Rows>
      </Popover>
    </MenuTrigger>
  );
}
