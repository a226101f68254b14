import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog as Frame, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './button';

interface Props {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}

/** A dialogue over the page; Escape and a click beside it close it. */
export function Dialog({ title, isOpen, onClose, wide = false, children }: Props) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
      className="fixed inset-0 z-50 flex items-end justify-center bg-black/60 p-0 sm:items-center sm:p-6"
    >
      <Modal
        className={`card max-h-[92dvh] w-full overflow-y-auto rounded-b-none shadow-2xl sm:rounded-b-card ${wide ? 'sm:max-w-3xl' : 'sm:max-w-lg'}`}
      >
        <Frame className="space-y-4 p-5 outline-none">
          <div className="flex items-start justify-between gap-4">
            <Heading slot="title" className="font-semibold text-lg">
              {title}
            </Heading>
            <Button kind="quiet" small aria-label="Close" onPress={onClose}>
              <X aria-hidden className="size-4" />
            </Button>
          </div>
          {children}
        </Frame>
      </Modal>
    </ModalOverlay>
  );
}
