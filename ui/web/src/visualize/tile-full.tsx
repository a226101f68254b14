import { X } from 'lucide-react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from '../ui/button';
import type { Tile } from './board';
import { TileBody } from './tile-body';
import type { View } from './use-view';

/** One tile over the whole window; Escape goes back to the board. */
export function TileFull({ tile, view, onClose }: { tile: Tile; view: View; onClose: () => void }) {
  return (
    <ModalOverlay isOpen onOpenChange={(open) => !open && onClose()} className="fixed inset-0 z-50 bg-bg">
      <Modal className="h-full">
        <Dialog className="flex h-full flex-col gap-3 p-4 outline-none md:p-8">
          <div className="flex items-start justify-between gap-4">
            <Heading slot="title" className="min-w-0 truncate font-semibold text-xl">
              {tile.title}
            </Heading>
            <Button kind="quiet" small aria-label="Back to the board" onPress={onClose}>
              <X aria-hidden className="size-5" />
            </Button>
          </div>
          <TileBody tile={tile} view={view} isSeen />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
